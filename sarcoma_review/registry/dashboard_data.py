"""Everything a dashboard needs of a registry, read once; and the panels made of it."""

from dataclasses import dataclass
from datetime import date

from sarcoma_review.outcomes import Schedule
from sarcoma_review.registry.checks import DataFinding
from sarcoma_review.registry.cohort import (
    NOT_RECORDED,
    MarginPair,
    Snapshot,
    check_registry,
    cohort,
    concordance,
    margin_pairs,
    snapshot,
)
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.overview import Panel, Question, curve_panel, cusum_panel, funnel_panel
from sarcoma_review.registry.overview_counts import due_panel, execution_panel, margin_panel, quality_panel


@dataclass(frozen=True)
class DashboardData:
    """A registry as it stood when it was read; patients who refused an audit are not in it.

    Parameters
    ----------
    as_of : date
        The data cut.
    known : Snapshot
    pairs : tuple of MarginPair
    decisions : dict of str to dict
        How decisions were carried out, by modality.
    findings : tuple of DataFinding
    """

    as_of: date
    known: Snapshot
    pairs: tuple[MarginPair, ...]
    decisions: dict[str, dict[str, int]]
    findings: tuple[DataFinding, ...]

    @property
    def centres(self) -> tuple[str, ...]:
        """Centres that have cases, in alphabetical order."""
        return tuple(sorted({facts["centre"] or NOT_RECORDED for facts in self.known.opened.values()}))


def read_dashboard(registry: Registry, *, as_of: date) -> DashboardData:
    """Read all that a dashboard shows."""
    known = snapshot(registry)
    findings = tuple(each for each in check_registry(registry, on=as_of) if each.case_id in known.opened)
    pairs = tuple(pair for pair in margin_pairs(registry) if pair.on_date <= as_of)
    return DashboardData(as_of, known, pairs, concordance(registry), findings)


def outcome_panels(data: DashboardData, asked: Question, *, centre: str | None = None) -> tuple[Panel, ...]:
    """Curve, funnel and CUSUM of one endpoint; the last for one centre, or for all."""
    people = cohort(data.known, asked.endpoint, as_of=data.as_of)
    return curve_panel(people, asked), funnel_panel(people, asked), cusum_panel(people, asked, centre=centre)


def standing_panels(data: DashboardData, asked: Question, schedule: Schedule) -> tuple[Panel, ...]:
    """The panels that are the same for every endpoint."""
    return (
        margin_panel(data.pairs, asked.audience),
        execution_panel(data.decisions, asked.audience),
        due_panel(data.known, schedule, on=data.as_of, audience=asked.audience),
        quality_panel(data.findings, asked.audience),
    )

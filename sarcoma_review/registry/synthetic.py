"""An invented network: centres of different sizes whose true risks are known, as a journal would hold them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from sarcoma_review.errors import RegistryError
from sarcoma_review.outcomes.endpoints import YEAR_DAYS
from sarcoma_review.registry.events import (
    AchievedMargin,
    CaseOpened,
    Decision,
    Diagnosis,
    Event,
    Execution,
    FollowUpSeen,
    HistologicalMargin,
    MarginPlan,
    Operation,
    Outcome,
    PlannedMargin,
)

CENTRES = {"CA": 20, "CB": 30, "CC": 40, "CD": 50, "CE": 70, "CF": 90}
"""Six invented centres with their cases."""
_ENTITIES = ("osteosarcoma", "Ewing sarcoma", "chondrosarcoma", "chordoma")
_SITES = ("distal femur", "proximal tibia", "pelvis", "proximal humerus", "sacrum")
_BANDS = ("10-19", "20-39", "40-59", "60-79")


@dataclass(frozen=True)
class Rates:
    """Yearly hazards of the invented patients, and how far saws stray.

    Parameters
    ----------
    local_recurrence, metastasis, death, deep_infection, loosening : float
        Per year from the operation, constant and independent; death ends the others.
    achieved_less_planned_mm, spread_mm : float
        Mean and standard deviation of the achieved margin less the planned one.
    missed_visits : float
        Share of follow-up visits that are not recorded.
    """

    local_recurrence: float = 0.04
    metastasis: float = 0.08
    death: float = 0.05
    deep_infection: float = 0.025
    loosening: float = 0.02
    achieved_less_planned_mm: float = -1.0
    spread_mm: float = 2.5
    missed_visits: float = 0.12


def synthetic_network(
    rng: np.random.Generator,
    *,
    as_of: date,
    centres: Mapping[str, int] = CENTRES,
    rates: Rates | None = None,
    times_recurrence: Mapping[str, float] | None = None,
) -> dict[str, list[Event]]:
    """Cases of an invented network by their ids, each with its events in the order they would be recorded.

    Parameters
    ----------
    rng : numpy.random.Generator
    as_of : date
        Operations lie in the eight years before; nothing is dated later.
    centres : mapping of str to int
        Cases of each.
    rates : Rates, optional
    times_recurrence : mapping of str to float, optional
        By how much a centre's hazard of local recurrence is higher; 1 where it is not named.

    Raises
    ------
    RegistryError
        If a factor is given for a centre that is not in the network.

    Examples
    --------
    >>> network = synthetic_network(np.random.default_rng(8), as_of=date(2026, 11, 22), centres={"CA": 2})
    >>> [event.kind for event in network["ca-1"]][:5]
    ['case_opened', 'diagnosis', 'margin_plan', 'decision', 'execution']
    """
    factors = dict(times_recurrence or {})
    if unknown := sorted(set(factors) - set(centres)):
        raise RegistryError(f"a factor names a centre that is not in the network: {', '.join(unknown)}")
    true = rates or Rates()
    return {
        f"{centre.lower()}-{number}": list(_case(rng, centre, as_of, rates=true, factor=factors.get(centre, 1.0)))
        for centre, cases in centres.items()
        for number in range(1, cases + 1)
    }


def _case(rng: np.random.Generator, centre: str, as_of: date, *, rates: Rates, factor: float) -> Iterator[Event]:
    operated = as_of - timedelta(days=int(rng.integers(30, 8 * 365)))
    entity, site, band = (str(rng.choice(words)) for words in (_ENTITIES, _SITES, _BANDS))
    yield CaseOpened(question="How did it go?", centre=centre, diagnosis=entity, site=site, age_band=band)
    yield Diagnosis(entity=entity, site=site, on_date=operated - timedelta(days=int(rng.integers(60, 150))))
    planned = round(float(rng.uniform(3, 20)), 1)
    yield _plan(planned)
    yield Decision(modality="surgery", decision="resection", agreement="consensus", on_date=operated)
    if rng.random() < 0.1:
        yield Execution(decision_version=4, carried_out="partly", reason="margin narrowed at the vessels")
    elif rng.random() < 0.95:
        yield Execution(decision_version=4, carried_out="yes")
    yield Operation(procedure="resection", reconstruction="endoprosthesis", on_date=operated)
    achieved = round(planned + float(rng.normal(rates.achieved_less_planned_mm, rates.spread_mm)), 1)
    yield _achieved(achieved, operated)
    seen = {"residual": "R1" if achieved < 0 else "R0", "on_date": operated + timedelta(days=14)}
    yield HistologicalMargin.model_validate({"aspect": "closest", **seen})
    yield from _course(rng, operated, as_of, rates=rates, factor=factor)


def _plan(margin_mm: float) -> MarginPlan:
    interval = (round(margin_mm - 1.5, 1), round(margin_mm + 1.5, 1))
    plane = PlannedMargin(
        name="proximal", point_mm=(0, 0, 0), normal=(0, 0, 1), kerf_mm=1, margin_mm=margin_mm, interval_mm=interval
    )
    return MarginPlan(segment="tumour", planes=(plane,), minimum_mm=margin_mm, interval_mm=interval)


def _achieved(margin_mm: float, day: date) -> AchievedMargin:
    interval = (margin_mm - 1.0, margin_mm + 1.0)
    return AchievedMargin(plane="proximal", margin_mm=margin_mm, interval_mm=interval, method="ct", on_date=day)


def _course(rng: np.random.Generator, operated: date, as_of: date, *, rates: Rates, factor: float) -> Iterator[Event]:
    """Outcomes and visits until death or the data cut."""
    hazards = {
        "death": rates.death,
        "local_recurrence": rates.local_recurrence * factor,
        "metastasis": rates.metastasis,
        "wound_infection": rates.deep_infection,
        "loosening": rates.loosening,
    }
    drawn = {type_: operated + _wait(rng, hazard) for type_, hazard in hazards.items()}
    end = min(drawn["death"], as_of)
    for type_, day in sorted(drawn.items(), key=lambda pair: pair[1]):
        if day <= end:
            depth = {"depth": "deep"} if type_ == "wound_infection" else {}
            yield Outcome.model_validate({"type": type_, "on_date": day, **depth})
    visit = operated + timedelta(days=88)
    while visit < end:
        if rng.random() >= rates.missed_visits:
            ill = min(drawn["local_recurrence"], drawn["metastasis"]) <= visit
            yield FollowUpSeen(on_date=visit, state="alive_with_disease" if ill else "no_evidence_of_disease")
        visit += timedelta(days=88 if (visit - operated).days < 4 * 365 else 180)


def _wait(rng: np.random.Generator, hazard: float) -> timedelta:
    # A wait past a century is no wait that anybody sees.
    return timedelta(days=1 + int(min(rng.exponential(1 / hazard), 100.0) * YEAR_DAYS))

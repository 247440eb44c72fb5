"""Whose patient refused which use: consent is by use, the latest word about each holds, and silence is no refusal."""

from typing import Literal

from sqlalchemy import Connection, select

from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.tables import MILESTONE

Use = Literal["peer_learning", "audit", "sharing"]
"""Uses that a patient is asked about: a meeting, analyses inside the centre, other centres."""
IN_A_FILE: tuple[Use, ...] = ("audit", "sharing")
"""Uses of which a refusal keeps a case out of a file that holds patients and cannot hold their word on consent."""
_TYPES = ("consent_given", "consent_refused")


def refused(registry: Registry, *uses: Use) -> set[str]:
    """Ids of the cases whose patient's latest word about one of these uses is no.

    A word about one use says nothing of another: who refused to have the case discussed is still counted in an
    audit, and who refused to have it shared is still not shared after agreeing to an audit.

    Examples
    --------
    >>> from datetime import date
    >>> from sarcoma_review.registry import CaseOpened, Consent
    >>> registry = Registry.open(":memory:")
    >>> for event in (CaseOpened(question="?"), Consent(given=False, scope="sharing", on_date=date(2026, 1, 1))):
    ...     version = registry.append("case-1", event)
    >>> refused(registry, "sharing"), refused(registry, "audit")
    ({'case-1'}, set())
    """
    with registry.reading() as connection:
        return refused_cases(connection, *uses)


def refused_cases(connection: Connection, *uses: Use) -> set[str]:
    """As `refused`, on a connection that is open."""
    columns = (MILESTONE.c.case_id, MILESTONE.c.detail, MILESTONE.c.type)
    about = MILESTONE.c.type.in_(_TYPES) & MILESTONE.c.detail.in_(uses)
    rows = connection.execute(select(*columns).where(about).order_by(MILESTONE.c.version))
    latest = {(row.case_id, row.detail): row.type for row in rows}
    return {case_id for (case_id, _), word in latest.items() if word == "consent_refused"}

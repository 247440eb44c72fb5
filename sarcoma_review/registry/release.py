"""What leaves a centre: suppressed tables, held against every release before, and listings of no fewer than five."""

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select

from sarcoma_review.errors import RegistryError
from sarcoma_review.outcomes.disclosure import Counts, Published, Rule, differs_by_few, smallest_group, suppress
from sarcoma_review.registry.events import Override
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.tables import RELEASE

_FEWEST = 5


def release(registry: Registry, subject: str, table: Counts, *, role: str, rule: Rule = "hes") -> Published:
    """Suppress a table, and log it; refused where an earlier release would give a few people away.

    Parameters
    ----------
    registry : Registry
        Keeps the log, with the true counts: it does not leave the centre.
    subject : str
        What the table counts.
    table : list, list of lists, dict, or dict of dicts of int
    role : str
        Who releases it.
    rule : {"hes", "lp"}

    Returns
    -------
    of the shape of `table`

    Raises
    ------
    RegistryError
        If the table and one released before differ by 1 to 4 people in a cell of the same label, or of the same
        place where there are no labels: the difference of the two would name them. A table that shows exactly what
        was shown before is let through.
    """
    shown = suppress(table, rule)
    counts, text = _by_label(table), json.dumps(shown, sort_keys=True)
    with registry._writing() as connection:
        for row in connection.execute(select(RELEASE)):
            if row.shown != text and _differ_by_few(_by_label(json.loads(row.counts)), counts):
                raise RegistryError(
                    f"a table released on {row.released_at[:10]} differs from this one by 1 to 4 people in a cell; "
                    "nothing was released: wait for more cases, or count wider groups"
                )
        values = {"subject": subject, "counts": json.dumps(counts), "shown": text, "rule": rule, "role": role}
        connection.execute(insert(RELEASE).values(released_at=registry._now(), **values))
    return shown


def require_listing(rows: Sequence[Sequence[Hashable]], *, k: int = 5, override: Override | None = None) -> None:
    """Refuse a list of cases in which fewer than `k` share a combination of facts.

    Parameters
    ----------
    rows : sequence of sequences
        The facts by which somebody could be recognised, one row for each case.
    k : int, default: 5
        Fewer than 5 cannot be asked for.
    override : Override, optional
        Lets it pass: append it to the journal of the cases first.

    Raises
    ------
    RegistryError
        If the rarest combination is shared by fewer.

    Examples
    --------
    >>> require_listing([("femur", "high")] * 5)
    """
    rarest = smallest_group(rows)
    needed = max(k, _FEWEST)
    if rows and rarest < needed and override is None:
        raise RegistryError(
            f"{rarest} case(s) share a combination of facts, at least {needed} are needed; nothing was listed"
        )


def _by_label(table: Any) -> dict[str, int]:
    """Each count under its label, so that neither another order nor another row hides a difference."""
    found: dict[str, int] = {}
    for name, row in _items(table):
        inner = _items(row) if isinstance(row, Mapping | Sequence) else [("", row)]
        found |= {f"{name}/{label}".removesuffix("/"): int(count) for label, count in inner}
    return found


def _items(part: Any) -> list[tuple[Any, Any]]:
    return list(part.items()) if isinstance(part, Mapping) else list(enumerate(part))


def _differ_by_few(earlier: dict[str, int], later: dict[str, int]) -> bool:
    both = sorted(earlier.keys() & later.keys())
    return bool(both) and differs_by_few([earlier[label] for label in both], [later[label] for label in both])

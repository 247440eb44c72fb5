"""The pages of the pathway, and of the local therapy of Ewing sarcoma."""

from collections.abc import Iterator, Sequence

from sarcoma_review.pathways import RuleResult, Status
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.present.case import Case
from sarcoma_review.present.content_words import as_sentence
from sarcoma_review.present.pages import NOT_RECORDED, Block, Bullets, Facts, Note, Page, Table


def pathway_pages(case: Case) -> Iterator[Page]:
    """What the pathway asks of the case, rule by rule; nothing without a pathway."""
    if case.pathway is None:
        return
    silent = [each.rule_id for each in case.rule_results if each.status is Status.NOT_APPLICABLE]
    closed = _closed(case)
    spoken = [
        (*_row(each)[:3], _LATER, each.citation) if each in closed else _row(each)
        for each in case.rule_results
        if each.status is not Status.NOT_APPLICABLE
    ]
    notes = [f"Do not speak of this case: {', '.join(silent)}."] if silent else []
    notes += [
        f"{case.pathway.source}. {' '.join(case.pathway.limits)} Source text may have changed. "
        "The responsible clinical team decides."
    ]
    # As it was when the rules were asked, where they were.
    notice = case.rule_results[0].notice if case.rule_results else case.pathway.notice(case.prepared_on)
    table = Table(_HEAD, spoken, dense=True)
    said: tuple[Block, ...] = (
        Bullets((as_sentence(notice),), case.pathway.title),
        table,
        *(Note(note) for note in notes),
    )
    yield Page("What the pathway asks", said)


def pathway_afterwards(case: Case) -> Iterator[Page]:
    """The rules that were answered by what came of the case; nothing where there are none."""
    if closed := _closed(case):
        yield Page("What the pathway asks afterwards", (Table(_HEAD, list(map(_row, closed)), dense=True),), "after")


def _closed(case: Case) -> list[RuleResult]:
    """The rules answered by facts that tell what was done or came of it."""
    if case.pathway is None:
        return []
    telling = [name for name, fact in case.pathway.facts.items() if fact.afterwards]
    return [
        each
        for each in case.rule_results
        if each.status is not Status.NOT_APPLICABLE and any(each.facts.get(name) is not None for name in telling)
    ]


_HEAD = ("Rule", "Level", "What is asked", "Recorded as", "Source")
_LATER = "seen after the opinions"


def _row(each: RuleResult) -> tuple[str, ...]:
    why = "" if each.status is Status.MET else f": {each.explanation}"
    return each.rule_id, each.level, each.statement, f"{each.status.mark} {each.status.words}{why}", each.citation


def ewing_pages(case: Case) -> Iterator[Page]:
    """The points of local therapy as a panel has them before it gives its view; nothing for other tumours."""
    if case.ewing is None:
        return
    rows = case.ewing.rows_before()
    half = (len(rows) + 1) // 2
    notes = [*_sentences(case.ewing.before_the_view()), *((_NO_INTERVAL,) if case.ewing.expected_margin_mm else ())]
    notes.append(_OWN_FORM)
    columns: tuple[Block, ...] = (_facts(rows[:half]), _facts(rows[half:]), *(Note(note) for note in notes))
    yield Page("Ewing sarcoma: local therapy", columns, columns=True)


def ewing_afterwards(case: Case) -> Iterator[Page]:
    """What came of it; nothing where nothing of that is recorded."""
    rows = case.ewing.rows_after() if case.ewing else []
    if case.ewing and any(value != NOT_RECORDED for _, value in rows):
        known = _sentences(case.ewing.before_the_view())
        notes = [Note(words) for words in _sentences(case.ewing) if words not in known]
        yield Page("Ewing sarcoma: what came of it", (_facts(rows), *notes), "after")


_NO_INTERVAL = (
    "Expected margins are as entered on this page, without an interval: that of each face, where it was measured, "
    "stands with its plan."
)
_OWN_FORM = (
    "For the virtual national Ewing MDT. It is not that meeting's own form: these are the points at which a "
    "consensus of 2017 found that practice varies."
)


def _facts(rows: Sequence[tuple[str, str]]) -> Facts:
    return Facts([(name, None if value == NOT_RECORDED else value) for name, value in rows])


def _sentences(page: EwingLocalTherapy) -> list[str]:
    return [as_sentence(words) for words in page.findings()]

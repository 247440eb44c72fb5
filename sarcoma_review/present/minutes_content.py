"""Minutes as pages: one content, which HTML, PDF and CSV lay out in their own way."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np

from sarcoma_review.meeting import (
    BANDS_SOURCE,
    LEAST_VOTES,
    Alpha,
    Ballot,
    BallotResult,
    CaseState,
    Decided,
    Meeting,
    Share,
    agreement_table,
    change_of_opinion,
    result_of,
    share,
    size,
)
from sarcoma_review.present.minutes import FOR_LEARNING, Minutes
from sarcoma_review.present.pages import NOT_RECORDED, Block, Bullets, Facts, Note, Page, Table
from sarcoma_review.registry import PathwaySeen

_MODES = {"in_person": "in person", "virtual": "virtual", "hybrid": "hybrid"}
_ROUNDS = {1: "blind", 2: "after discussion"}
_SEVERAL = {"member": "members", "observer": "observers"}
_SEED = 2026  # of the resampled interval: the same journal gives the same minutes


def minutes_pages(minutes: Minutes) -> list[Page]:
    """The meeting, then each case of its agenda, then how opinions agreed and what vouches for the text."""
    meeting = minutes.meeting
    cases = [_case(minutes, case) for case in meeting.cases.values()]
    return [_opening(minutes), *cases, *agreement_pages([meeting]), _vouching(minutes)]


def action_rows(minutes: Minutes) -> list[dict[str, str]]:
    """Every action, one a row, in the order of the agenda."""
    modalities = {decided.number: decided.decision.modality for decided in minutes.meeting.decisions}
    return [
        {
            "meeting": minutes.meeting_id,
            "date": str(minutes.meeting.on_date),
            "case": case.item.case_id,
            "decision": "" if action.number is None else str(action.number),
            "modality": "" if action.number is None else _words(modalities[action.number]),
            "system": action.system,
            "action": action.action,
            "owner role": action.owner_role,
            "review date": NOT_RECORDED if action.review_on is None else action.review_on.isoformat(),
        }
        for case in minutes.meeting.cases.values()
        for action in case.actions
    ]


def _opening(minutes: Minutes) -> Page:
    meeting, came = minutes.meeting, size(minutes.meeting)
    if came is None or meeting.mode is None or meeting.purpose is None:
        return Page("Minutes", [Note("The meeting was not opened.")])
    signed = f"by the chair, {_moment(meeting.signed_at)}" if meeting.signed_at else "not signed: a draft"
    roles = ", ".join(
        f"{count} {_SEVERAL.get(role, role) if count > 1 else role}" for role, count in came.by_role.items()
    )
    places = f"{came.by_place['in_person']} in the room, {came.by_place['remote']} from afar"
    rows = [
        ("Date", came.on_date.isoformat()),
        ("Mode", f"{_MODES[meeting.mode]} ({places})"),
        ("Purpose", _words(meeting.purpose)),
        ("Units", f"{len(came.units)}: {', '.join(came.units)}" if came.units else None),
        ("Present", f"{came.members}: {roles}" if came.members else None),
        ("Signed", signed),
    ]
    notes = [Note(came.note)] if came.note else []
    agenda = [(n, case) for n, case in enumerate(meeting.cases.values(), 1)]
    table = Table(
        ("", "Case", "Question", "Minutes", "Decisions"),
        [
            (str(n), case.item.case_id, case.item.question, str(case.item.minutes), _reached(meeting, case))
            for n, case in agenda
        ],
        "Agenda",
    )
    return Page(meeting.title or "", [Note(FOR_LEARNING), Facts(rows), *notes, *([table] if agenda else [])])


def _reached(meeting: Meeting, case: CaseState) -> str:
    if not case.opened_at:
        return "not discussed"
    found = [
        _words(decided.decision.agreement) for decided in meeting.decisions if decided.case_id == case.item.case_id
    ]
    return ", ".join(found) or "none recorded"


def _case(minutes: Minutes, case: CaseState) -> Page:
    meeting, case_id = minutes.meeting, case.item.case_id
    decisions = [decided for decided in meeting.decisions if decided.case_id == case_id]
    blocks: list[Block] = [
        Facts(
            [
                ("Question", case.item.question),
                ("Discussed", _moment(case.opened_at[0]) if case.opened_at else "not discussed"),
                ("Information missing", "; ".join(case.missing) or None),
                ("Options", "; ".join(_options(meeting, decisions, case_id)) or None),
            ]
        )
    ]
    for decided in decisions:
        blocks += _decision(minutes, decided)
    if case.actions:
        blocks.append(_actions(minutes, case_id))
    if case.learning:
        blocks.append(Bullets(case.learning, "Learning points"))
    for ballot in meeting.ballots.values():
        if ballot.case_id == case_id:
            blocks += _ballot(meeting, ballot)
    return Page(f"Case {case_id}", [*blocks, *_rules(minutes.rules.get(case_id))])


def _options(meeting: Meeting, decisions: Sequence[Decided], case_id: str) -> list[str]:
    asked = [option for each in meeting.ballots.values() if each.case_id == case_id for option in each.asked.options]
    return list(dict.fromkeys([*asked, *(option for each in decisions for option in each.decision.alternatives)]))


def _ballot(meeting: Meeting, ballot: Ballot) -> Iterator[Block]:
    second = ", second round after discussion" if ballot.round == 2 else ""
    heading = f"Blind ballot {ballot.id}{second}: {ballot.asked.question}"
    voted = f"{len(ballot.votes)} of {len(ballot.roll)} voted"
    result = result_of(meeting, ballot.id)
    if result is None:
        why = f"fewer than {LEAST_VOTES} votes" if ballot.status == "revealed" else "never revealed"
        yield Bullets([f"{voted}. {why[0].upper()}{why[1:]}: the split is not shown."], heading)
        return
    yield Table(("Option", "Votes", "Confidence"), _split(result), heading)
    yield Note(f"{voted}. {_share(result)}")
    if result.groups:
        rows = [(name, *map(str, counts.values())) for name, counts in result.groups.items()]
        yield Table(("Profession", *result.counts), rows, "By profession")
    if result.reasons:
        said = Counter(f"{option}: {reason}" for option, reason in result.reasons)
        lines = [f"{text} ({count} times)" if count > 1 else text for text, count in said.items()]
        yield Bullets(lines, "Reasons given, in no order of voting")
    change = change_of_opinion(meeting, ballot.id)
    if change is not None:
        rows = [(before, *map(str, after.values())) for before, after in change.items()]
        yield Table(
            ("First round", *(f"then: {option}" for option in change)),
            rows,
            "Change of opinion, of those who voted twice",
        )


def _split(result: BallotResult) -> list[tuple[str, str, str]]:
    return [
        (
            option,
            str(count),
            ", ".join(f"{number} {name}" for name, number in result.confidence[option].items() if number) or "–",
        )
        for option, count in result.counts.items()
    ]


def _share(result: BallotResult) -> str:
    found = share([result.counts])
    return "" if found is None else f"With the commonest option: {_share_words(found)}."


def _share_words(found: Share) -> str:
    low, high = (100 * end for end in found.interval)
    return f"{found.agreeing} of {found.votes} ({100 * found.value:.0f} %, 95 % interval {low:.0f} to {high:.0f} %)"


def _decision(minutes: Minutes, decided: Decided) -> Iterator[Block]:
    text = decided.decision
    done = minutes.executions.get(decided.number)
    yield Bullets([text.decision], f"Decision {decided.number}: {_words(text.modality)}")
    yield Facts(
        [
            ("Level of agreement", _words(text.agreement)),
            ("Dissent", text.dissent),
            ("Reasons", text.rationale),
            ("Evidence cited", text.evidence),
            ("Ballot", text.ballot_id or "none"),
            ("Carried out", None if done is None else "; ".join(filter(None, (done.carried_out, done.reason)))),
        ]
    )
    for earlier, reason in decided.earlier:
        read = f"{_words(earlier.modality)}: {earlier.decision}"
        yield Note(f"Decision {decided.number} was corrected ({reason}). It read: {read}")


def _actions(minutes: Minutes, case_id: str) -> Table:
    rows = [row for row in action_rows(minutes) if row["case"] == case_id]
    names = ("system", "action", "owner role", "review date", "decision")
    return Table(
        tuple(name.capitalize() for name in names), [[row[name] or "–" for name in names] for row in rows], "Actions"
    )


def _rules(seen: Sequence[PathwaySeen] | None) -> Iterator[Block]:
    if seen is None:
        yield Note("The case is not in this registry: what pathways said of it at the time is not recorded here.")
        return
    for pathway in seen:
        heading = f"{pathway.pathway}, version {pathway.document_version}, looked at {pathway.on_date.isoformat()}"
        yield Table(
            ("Rule", "Status then"),
            [(rule, _words(status)) for rule, status in pathway.statuses],
            heading,
            dense=True,
        )


def agreement_pages(meetings: Sequence[Meeting]) -> list[Page]:
    """How opinions agreed on each question that was put on two cases or more; no page where there is none."""
    rows = [
        (
            each.question,
            _ROUNDS[each.round],
            str(each.cases),
            each.level,
            _alpha(each.alpha),
            "no votes" if each.share is None else _share_words(each.share),
        )
        for each in agreement_table(meetings, rng=np.random.default_rng(_SEED))
    ]
    if not rows:
        return []
    alpha = "Krippendorff's alpha (95 % interval)"
    head = ("Question", "Asked", "Cases", "Scale", alpha, "Votes with the commonest option")
    note = f"Words for alpha: {BANDS_SOURCE}. The interval resamples cases; with few of them it is too narrow."
    return [Page("Agreement over cases", [Table(head, rows), Note(note)])]


def _alpha(alpha: Alpha | None) -> str:
    if alpha is None:
        return "not defined: all answers are the same"
    if alpha.interval is None:
        return f"not given: {alpha.units} cases are too few for an interval"
    return f"{alpha.value:.2f} ({alpha.interval[0]:.2f} to {alpha.interval[1]:.2f}), {alpha.band}"


def _vouching(minutes: Minutes) -> Page:
    kept = minutes.checkpoint
    verified = "; ".join(minutes.problems) or "every hash fits: nothing was changed, taken out or put in"
    rows = [
        ("Meeting", minutes.meeting_id),
        ("Entries of the meeting", str(minutes.meeting.entries)),
        ("Hash of its last entry", minutes.head),
        ("Journal verified", verified),
        ("Chain of the journal", f"{kept.chain} at entry {kept.sequence}" if kept else None),
    ]
    return Page("What vouches for these minutes", [Facts(rows)])


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M %Z")


def _words(name: str) -> str:
    return name.replace("_", " ")

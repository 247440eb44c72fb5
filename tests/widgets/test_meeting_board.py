from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sarcoma_review.errors import PresentationError, RegistryError
from sarcoma_review.meeting import Action, Member, OpenMeeting, Vote, act, replay
from sarcoma_review.registry import CaseOpened, Consent, ImagingReference, PathwaySeen, Registry
from sarcoma_review.room import Folder
from sarcoma_review.widgets import MeetingBoard
from tests.meeting.acts import ASK, AT, HERE, MEMBERS, OPEN, Steps, journalled, until, vote

ON = date(2026, 11, 22)


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry.open(":memory:")
    for case_id in ("case-1", "case-2", "case-3"):
        registry.append(case_id, CaseOpened(question=f"What of {case_id}?"))
    registry.append("case-3", Consent(given=False, scope="peer_learning", on_date=ON))
    yield registry
    registry.close()


def keep(registry: Registry, meeting_id: str, steps: Steps) -> None:
    registry.append_all(meeting_id, journalled(steps))


def board(registry: Registry) -> MeetingBoard:
    return MeetingBoard(registry, on=ON, members=MEMBERS)


def words(shown: MeetingBoard) -> str:
    bundle = shown._repr_mimebundle_()
    assert bundle is not None
    return str(bundle[0]["text/html"])


def said(shown: MeetingBoard, monkeypatch: pytest.MonkeyPatch, **message: object) -> dict[str, Any]:
    heard = list[dict[str, Any]]()
    monkeypatch.setattr(shown, "send", lambda words, _buffers=(): heard.append(words))
    shown._handle_custom_msg({"page": "a", **message}, [])
    return heard[-1]


def test_what_was_prepared_opens_a_meeting(registry: Registry) -> None:
    prepared = board(registry)
    prepared.add_case("case-2", minutes=20, missing=["biopsy"])
    prepared.add_case("case-1", question="Which margin?")
    prepared.plan(mode="hybrid", on=date(2026, 12, 1), title="Winter meeting")
    meeting = act(replay([]), prepared.opening, by="chair", at=AT)
    assert [case.item.question for case in meeting.cases.values()] == ["What of case-2?", "Which margin?"]
    assert (meeting.mode, meeting.on_date, meeting.title) == ("hybrid", date(2026, 12, 1), "Winter meeting")
    assert meeting.members == {member.id: member for member in MEMBERS}


def test_a_room_opens_with_what_was_prepared_and_written_down(registry: Registry, tmp_path: Path) -> None:
    prepared = board(registry)
    prepared.add_case("case-1")
    written = prepared.opening.model_dump_json()
    Folder(tmp_path).open_meeting("m-1", OpenMeeting.model_validate_json(written))
    assert Folder(tmp_path).meeting("m-1").chair == "chair"


def test_what_the_registry_does_not_hold_is_asked_for(registry: Registry) -> None:
    series = ImagingReference(series_uid="1.2.3", modality="MR", slices=40, clearance="checked")
    seen = PathwaySeen(
        pathway="p", document_version="1", on_date=ON, statuses=(("R1", "not_recorded"), ("R2", "met"))
    )
    registry.append_all("case-1", [series, seen])
    prepared = board(registry)
    prepared.add_case("case-1")
    asked = ("diagnosis not recorded", "stage not recorded", "p asks for facts not recorded (1 rule)")
    assert prepared.opening.agenda[0].missing == asked


def test_a_case_is_changed_where_it_stands(registry: Registry) -> None:
    prepared = board(registry)
    for case_id, minutes in (("case-1", 5), ("case-2", 10), ("case-1", 20)):
        prepared.add_case(case_id, minutes=minutes)
    assert [(item.case_id, item.minutes) for item in prepared.opening.agenda] == [("case-1", 20), ("case-2", 10)]
    prepared.drop_case("case-1")
    assert [item.case_id for item in prepared.opening.agenda] == ["case-2"]


@pytest.mark.parametrize("case_id", ["case-3", "case-9"])
def test_no_case_is_discussed_against_its_patients_word(registry: Registry, case_id: str) -> None:
    with pytest.raises(PresentationError, match="whose patient has not refused peer learning"):
        board(registry).add_case(case_id)


def test_what_is_missing_before_the_meeting_is_said(registry: Registry) -> None:
    prepared = MeetingBoard(registry, on=ON)
    with pytest.raises(PresentationError, match="the agenda has no case yet"):
        _ = prepared.opening
    prepared.add_case("case-1")
    with pytest.raises(PresentationError, match="one chair; found no member yet"):
        _ = prepared.opening
    prepared.add_member("m1", "member", "AA")
    with pytest.raises(PresentationError, match="a meeting has one chair; found 0"):
        _ = prepared.opening
    assert repr(prepared).endswith("not ready>")
    prepared.add_member("m1", "chair", "AA")
    assert repr(prepared).endswith("ready>")


def test_what_cannot_be_taken_is_refused_without_its_text(registry: Registry) -> None:
    with pytest.raises(PresentationError, match=r"^expected a pseudonym of letters") as refused:
        board(registry).add_member("A. Surgeon", "member", "AA")
    assert "Surgeon" not in str(refused.value)
    with pytest.raises(PresentationError, match=r"^expected 1 to 240 minutes for a case$"):
        board(registry).add_case("case-1", minutes=0)
    with pytest.raises(PresentationError, match=r"^expected in_person, virtual or hybrid as the mode$"):
        board(registry).plan(mode="by post")  # type: ignore[arg-type]
    with pytest.raises(PresentationError, match="found one twice"):
        MeetingBoard(registry, on=ON, members=[MEMBERS[0], MEMBERS[0]])


def test_a_page_changes_what_python_holds(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = board(registry)
    said(prepared, monkeypatch, t="case", case="case-1")
    said(prepared, monkeypatch, t="case", case="case-2", question="Q?", minutes=7, missing="CT\n \nbiopsy")
    said(prepared, monkeypatch, t="earlier", case="case-2")
    said(prepared, monkeypatch, t="member", id=" new ", role="observer", unit="zz", profession="")
    told = said(prepared, monkeypatch, t="plan", title="T", on="2026-12-02", mode="in_person", purpose="audit")
    first = prepared.opening.agenda[0]
    assert (first.case_id, first.minutes, first.missing) == ("case-2", 7, ("CT", "biopsy"))
    assert prepared.opening.members[-1] == Member(id="new", role="observer", unit="ZZ")
    assert (told["draft"]["on"], told["draft"]["purpose"], told["draft"]["ready"]) == ("2026-12-02", "audit", True)
    assert "to" not in told


def test_what_a_page_may_not_is_told_to_it_alone(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = board(registry)
    told = said(prepared, monkeypatch, t="plan", title="T", on="", mode="virtual", purpose="audit")
    assert (told["to"], told["refused"]) == ("a", "Not done: a meeting needs its date.")
    assert told["draft"]["on"] == "2026-11-22"
    told = said(prepared, monkeypatch, t="case", case="case-1", question="Q?", minutes=None, missing="")
    assert told["refused"] == "Not done: expected 1 to 240 minutes for a case."


def test_a_meeting_is_shown_with_its_decisions_and_who_came(registry: Registry) -> None:
    keep(registry, "m-1", until("signed"))
    shown = board(registry)
    shown.show("m-1")
    text = words(shown)
    assert "en bloc resection" in text
    assert "Level of agreement" in text
    assert "2 of 3 (67 %, 95 % interval 21 to 94 %)" in text  # Wilson: R's prop.test without correction
    assert "CC: came to 1 of 1; nothing to compare yet" in text
    assert "For education, peer learning and audit" in text
    assert repr(shown) == "<MeetingBoard 2026-11-22, 1 decision(s), 5 pages>"


def test_no_page_tells_whose_vote_was_which(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(registry, "m-1", until("revealed"))
    told = said(board(registry), monkeypatch, t="show", meeting="m-1")
    for who in HERE:
        assert f"'{who}'" not in str(told["pages"])
    assert ["yes", "2", "2 not recorded"] in told["pages"][1]["blocks"][1]["rows"]


@pytest.mark.parametrize("stage", ["ballot", "voted", "closed"])
def test_nothing_is_shown_of_votes_before_the_reveal(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    keep(registry, "m-1", until(stage))
    told = said(board(registry), monkeypatch, t="show", meeting="m-1")
    assert "Never revealed: the split is not shown." in str(told["pages"])
    assert "'yes', '" not in str(told["pages"])


def test_two_votes_make_no_split(registry: Registry) -> None:
    steps = [(by, action) for by, action in until("revealed") if not (by == "m1" and isinstance(action, Vote))]
    keep(registry, "m-1", steps)
    shown = board(registry)
    shown.show("m-1")
    assert "2 of 4 voted. Fewer than 3 votes: the split is not shown." in words(shown)


def test_several_meetings_tell_continuity_and_agreement(registry: Registry) -> None:
    keep(registry, "m-1", until("revealed"))
    later = OPEN.model_copy(update={"on_date": date(2026, 12, 22)})
    second: list[tuple[str, Action]] = [("chair", later), *until("joined")[1:]]
    opened = until("case")[-1][1].model_copy(update={"case_id": "case-2"})
    votes: Steps = [(who, vote("no")) for who in ("m1", "m2", "pres")]
    keep(registry, "m-2", [*second, ("chair", opened), ("chair", ASK), *votes, *until("revealed")[-2:]])
    shown = board(registry)
    shown.show("m-2")
    assert "CC: came to 2 of 2; a representative of the time before at 1 of 1" in words(shown)
    assert "Agreement over cases, 2 meetings" in words(shown)
    assert "5 of 6 (83 %" in words(shown)
    shown.show("m-1")  # what came later is not part of it
    assert "came to 2 of 2" not in words(shown)


def test_minutes_are_written_of_what_is_shown(registry: Registry, tmp_path: Path) -> None:
    keep(registry, "m-1", until("signed"))
    shown = board(registry)
    with pytest.raises(PresentationError, match="no meeting is shown"):
        shown.write_minutes(tmp_path / "minutes.html")
    with pytest.raises(RegistryError, match="no such case in this registry"):
        shown.show("m-9")
    shown.show("m-1")
    assert "en bloc resection" in shown.write_minutes(tmp_path / "minutes.html").read_text(encoding="utf-8")
    shown.show(None)
    assert shown.pages == []

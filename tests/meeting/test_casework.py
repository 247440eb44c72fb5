"""The agenda, what is decided on its cases, and the minutes."""

from sarcoma_review.meeting import (
    Action,
    AddCase,
    AddLearningPoint,
    AgendaItem,
    CorrectDecision,
    Decide,
    DecisionText,
    MarkView,
    NoteMissing,
    OpenCase,
    PublishImages,
    ShowPart,
    visible,
)
from tests.meeting.acts import AT, RESECT, at, do

AMENDED = DecisionText(modality="surgery", decision="resection and proton therapy", agreement="consensus")


def test_cases_keep_the_order_of_the_agenda_and_may_be_taken_up_again() -> None:
    steps = [AddCase(item=AgendaItem(case_id="case-0", question="Late one?", missing=("MR",)))]
    meeting = do(at("joined"), [("chair", step) for step in steps])
    meeting = do(meeting, [("chair", OpenCase(case_id=case)) for case in ("case-2", "case-1", "case-2")])
    assert list(meeting.cases) == ["case-1", "case-2", "case-0"]
    assert (meeting.open_case, len(meeting.cases["case-2"].opened_at)) == ("case-2", 2)
    assert meeting.cases["case-0"].missing == ("MR",)


def test_what_is_shown_missed_and_learned_stays_with_its_case() -> None:
    view = MarkView(series_uid="1.2.3", slice=40, window=(40, 400), position_mm=(1.0, 2.0, 3.0))
    steps: list[tuple[str, Action]] = [
        ("pres", view),
        ("pres", ShowPart(part="imaging")),
        ("chair", NoteMissing(text="staging CT")),
    ]
    meeting = do(at("case"), [*steps, ("chair", AddLearningPoint(text="measure before biopsy"))])
    meeting = do(meeting, [("pres", PublishImages(case_id="case-2", manifest="a" * 64, looked=True))])
    first, second = visible(meeting, "obs")["agenda"]
    assert first["view"]["slice"] == 40
    assert (first["parts"], first["missing"]) == (["imaging"], ["biopsy report", "staging CT"])
    assert first["learning"] == ["measure before biopsy"]
    assert (first["manifest"], second["manifest"], second["view"]) == (None, "a" * 64, None)


def test_a_correction_stands_in_place_of_a_decision_and_the_old_one_is_kept() -> None:
    meeting = do(at("signed"), [("chair", CorrectDecision(number=1, reason="misheard", decision=AMENDED))])
    (decided,) = meeting.decisions
    assert (decided.decision, decided.earlier, meeting.signed_at) == (AMENDED, ((RESECT, "misheard"),), AT)
    (seen,) = visible(meeting, "m1")["decisions"]
    assert (seen["number"], seen["decision"], seen["corrected"]) == (1, AMENDED.decision, ["misheard"])


def test_a_correction_changes_the_decision_it_names_and_no_other() -> None:
    second = Decide(decision=AMENDED)
    fixed = CorrectDecision(number=2, reason="typing", decision=RESECT)
    meeting = do(at("decided"), [("chair", second), ("chair", fixed)])
    assert [(each.number, each.decision, len(each.earlier)) for each in meeting.decisions] == [
        (1, RESECT, 0),
        (2, RESECT, 1),
    ]


def test_a_meeting_says_what_it_is_without_naming_anybody() -> None:
    assert repr(at("joined")) == "<Meeting, 2 case(s), 5 present, 7 entries>"

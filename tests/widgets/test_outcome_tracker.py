from datetime import date
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest

from sarcoma_review.errors import ConflictError, PresentationError
from sarcoma_review.outcomes import schedules
from sarcoma_review.registry import (
    CaseOpened,
    Decision,
    Entry,
    Event,
    Execution,
    FollowUpSeen,
    Operation,
    Outcome,
    Registry,
)
from sarcoma_review.registry.record import record_of
from sarcoma_review.widgets import OutcomeTracker

TODAY = date(2026, 11, 22)
STORY: tuple[Event, ...] = (
    CaseOpened(question="Is en bloc resection possible?"),
    Decision(modality="surgery", decision="resection", agreement="consensus", on_date=date(2026, 1, 2)),
    Operation(procedure="resection", reconstruction="endoprosthesis", on_date=date(2026, 1, 5)),
    FollowUpSeen(on_date=date(2026, 4, 1), state="no_evidence_of_disease"),
)


@pytest.fixture
def registry() -> Registry:
    made = Registry.open(":memory:")
    for event in STORY:
        made.append("case-1", event, author="surgeon-1")
    return made


def tracking(registry: Registry, author: str = "surgeon-1") -> OutcomeTracker:
    return OutcomeTracker.of(registry, "case-1", on=TODAY, author=author)


class Page:
    """What a browser page does: ask, and keep what is meant for it."""

    def __init__(self, tracker: OutcomeTracker, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tracker, self.heard = tracker, list[dict[str, Any]]()
        monkeypatch.setattr(tracker, "send", lambda words, _buffers=(): self.heard.append(words))

    def tell(self, **words: object) -> dict[str, Any]:
        self.tracker._handle_custom_msg({"page": "a", **words}, [])
        return self.heard[-1]


def test_the_time_line_runs_by_date_and_says_who_wrote_what(registry: Registry) -> None:
    lines = tracking(registry).lines
    assert [(line.when, line.group) for line in lines] == [
        ("no date", "record"),
        ("2 January 2026", "decided"),
        ("5 January 2026", "done"),
        ("1 April 2026", "seen"),
    ]
    assert lines[2].words == "resection, endoprosthesis"
    assert lines[2].recorded.endswith("by surgeon-1")


def test_what_is_due_is_that_of_the_schedule_with_its_source(registry: Registry) -> None:
    due = tracking(registry).due
    # Visits every three months at the latest from 5 January: April seen, July and October missed.
    assert due.windows[:2] == ("overdue since 5 July 2026", "overdue since 5 October 2026")
    assert due.windows[2] == "next 5 December 2026 to 5 January 2027"
    assert schedules()["esmo-older-edition"].source in due.source
    assert "Not an appointment" in due.source


def test_nobody_who_died_is_due(registry: Registry) -> None:
    tracker = tracking(registry)
    tracker.add("death_other", date(2026, 8, 1))
    assert tracker.due.words == "No follow-up is due: death is recorded."
    assert tracker.due.windows == ()


def test_two_clicks_are_one_event_in_the_journal(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(tracking(registry), monkeypatch)
    told = page.tell(t="hello")
    said = {"on": told["on"], "precision": "day", "certainty": "certain", "note": ""}
    told = page.tell(t="add", choice="local_recurrence", version=told["version"], **said)
    assert registry.case("case-1").outcomes == (Outcome(type="local_recurrence", on_date=TODAY),)
    assert told["version"] == 5
    assert told["lines"][-1]["words"] == "local recurrence"


def test_a_date_is_kept_as_far_as_it_is_known(registry: Registry) -> None:
    tracker = tracking(registry)
    tracker.add("infection_deep", date(2026, 3, 1), precision="month", certainty="probable", note="seen elsewhere")
    [outcome] = registry.case("case-1").outcomes
    assert (outcome.depth, outcome.precision, outcome.certainty) == ("deep", "month", "probable")
    [line] = [line for line in tracker.lines if line.group == "event"]
    assert (line.when, line.words) == ("March 2026", "wound infection, deep, seen elsewhere (probable)")


def test_a_decision_is_answered_once_and_a_no_needs_its_reason(registry: Registry) -> None:
    tracker = tracking(registry)
    assert tracker.choices["no_2"] == "Entry 2 not carried out"
    with pytest.raises(PresentationError, match="a decision carried out: no needs its reason"):
        tracker.add("no_2", TODAY)
    tracker.add("no_2", TODAY, note="the patient declined")
    assert registry.case("case-1").of(Execution)[0].reason == "the patient declined"
    assert "no_2" not in tracker.choices


def test_a_correction_is_an_entry_of_its_own_and_what_was_wrong_stays(registry: Registry) -> None:
    tracker = tracking(registry)
    tracker.correct(4, reason="typing error", on=date(2026, 4, 3))
    assert [entry.event.kind for entry in registry.history("case-1")][-1] == "correction"
    assert registry.history("case-1")[3].event == STORY[3]
    [line] = [line for line in tracker.lines if line.version == 4]
    assert line.when == "3 April 2026"
    assert line.changes[0].endswith("by surgeon-1: typing error")


def test_a_corrected_date_leaves_what_else_is_known(registry: Registry) -> None:
    tracker = tracking(registry)
    tracker.add("loosening", date(2026, 10, 1), precision="month", certainty="probable")
    tracker.correct(5, reason="the radiograph was earlier", on=date(2026, 9, 1))
    [outcome] = registry.case("case-1").outcomes
    assert (outcome.on_date.month, outcome.precision, outcome.certainty) == (9, "month", "probable")


def test_what_is_taken_back_stays_in_sight(registry: Registry) -> None:
    tracker = tracking(registry)
    tracker.correct(4, reason="another patient")
    [line] = [line for line in tracker.lines if line.version == 4]
    assert not line.stands
    assert registry.case("case-1").of(FollowUpSeen) == ()
    with pytest.raises(PresentationError, match="entry 4 does not stand"):
        tracker.correct(4, reason="again")


def test_the_second_editor_is_told_what_the_first_wrote_and_nothing_is_written(registry: Registry) -> None:
    first, second = tracking(registry), tracking(registry, author="surgeon-2")
    first.add("local_recurrence", date(2026, 10, 1), precision="month")
    with pytest.raises(ConflictError, match="local recurrence, October 2026 by surgeon-1"):
        second.add("local_recurrence", date(2026, 10, 9))
    assert len(registry.case("case-1").outcomes) == 1
    second.add("metastasis", date(2026, 11, 1))
    assert registry.history("case-1")[-1].author == "surgeon-2"


def test_a_page_that_looked_before_another_wrote_is_refused(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(tracking(registry), monkeypatch)
    stale = page.tell(t="hello")["version"]
    page.tracker.correct(4, reason="typing error", on=date(2026, 4, 3))
    told = page.tell(t="take_back", entry=4, reason="not this patient", version=stale)
    assert told["t"] == "refused"
    assert "entry 4 corrected by surgeon-1" in told["words"]
    assert registry.case("case-1").version == 5


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"t": "add", "choice": "local_recurrence", "on": "", "precision": "day"}, "a date is needed"),
        ({"t": "add", "choice": "cured", "on": "2026-01-01", "precision": "day"}, "no such event to add"),
        ({"t": "add", "choice": "metastasis", "on": "2026-01-01", "precision": "week"}, "Input should be 'day'"),
        ({"t": "correct", "entry": 4, "reason": " ", "on": "2026-01-01", "precision": "day"}, "needs its reason"),
    ],
)
def test_a_page_is_told_why_nothing_was_recorded(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, said: dict[str, object], words: str
) -> None:
    page = Page(tracking(registry), monkeypatch)
    told = page.tell(version=4, certainty="certain", **said)
    assert told["t"] == "refused"
    assert words in told["words"]
    assert registry.case("case-1").version == 4


def test_a_case_without_a_way_to_record_can_only_be_read(registry: Registry) -> None:
    reader = OutcomeTracker(registry.history("case-1"), on=TODAY)
    with pytest.raises(PresentationError, match="for reading only"):
        reader.add("metastasis", TODAY)
    with pytest.raises(PresentationError, match="give both or neither"):
        OutcomeTracker(registry.history("case-1"), on=TODAY, reread=lambda: [])
    with pytest.raises(PresentationError, match="at least one entry"):
        OutcomeTracker([], on=TODAY)


def test_the_stored_notebook_shows_the_case_without_a_kernel(registry: Registry) -> None:
    bundle = tracking(registry)._repr_mimebundle_()
    assert bundle is not None
    html = bundle[0]["text/html"]
    assert "5 January 2026" in html
    assert "2 overdue, 0 due." in html
    assert "Not a medical device" in html


def test_what_is_wrong_with_the_data_is_asked(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(tracking(registry), monkeypatch)
    page.tracker.add("metastasis", date(2026, 1, 1), certainty="possible")
    told = page.tell(t="hello")
    assert "entry 2: not recorded whether carried out: decision on surgery" in told["findings"]


def test_a_store_that_fails_is_told_on_the_page(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_event: Event, _expect: int) -> None:
        raise OSError("disk full")

    again = partial(registry.history, "case-1")
    page = Page(OutcomeTracker(again(), on=TODAY, record=full, reread=again), monkeypatch)
    told = page.tell(t="add", choice="metastasis", version=4, on="2026-05-01", precision="day", certainty="certain")
    assert told["words"] == "Not recorded: an error in Python; see the log."


def test_what_was_written_but_could_not_be_read_again_is_not_told_as_not_recorded(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> list[Entry]:
        raise OSError("no network")

    record = partial(registry.append, "case-1")
    page = Page(OutcomeTracker(registry.history("case-1"), on=TODAY, record=record, reread=gone), monkeypatch)
    told = page.tell(t="add", choice="metastasis", version=4, on="2026-05-01", precision="day", certainty="certain")
    assert told["words"] == "Recorded, but not read again: an error in Python; see the log."
    assert len(registry.history("case-1")) == 5


def test_the_journal_is_replayed_once_for_each_reading(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = Mock(wraps=record_of)
    monkeypatch.setattr("sarcoma_review.widgets.outcome_tracker.record_of", replay)
    page = Page(tracking(registry), monkeypatch)
    page.tell(t="hello")
    assert replay.call_count == 1
    page.tell(t="add", choice="metastasis", version=4, on="2026-05-01", precision="day", certainty="certain")
    assert replay.call_count == 2

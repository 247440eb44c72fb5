"""A meeting is kept in the journal beside the cases, is none of them, and leaves its decisions in them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from sarcoma_review.errors import ConflictError, RegistryError
from sarcoma_review.meeting import (
    CorrectDecision,
    Decide,
    DecisionText,
    Meeting,
    OpenCase,
    SignMinutes,
    act,
    replay,
)
from sarcoma_review.registry import (
    CaseOpened,
    Correction,
    DecidedAt,
    Decision,
    Event,
    Kept,
    Registry,
    bundle,
    decisions_of,
    keep_decisions,
)
from sarcoma_review.registry.migrations.triggers import allow_changes
from sarcoma_review.registry.tables import JOURNAL, PROJECTIONS
from tests.meeting.acts import AT, at, journalled, until

OPENED = CaseOpened(question="Which planes?")
AMENDED = DecisionText(modality="surgery", decision="resection and proton therapy", agreement="consensus")


ENTRIES = journalled(until("signed"))


@pytest.fixture
def registry(place: str) -> Iterator[Registry]:
    opened = Registry.open(place, clock=lambda: datetime(2026, 11, 22, 19, tzinfo=UTC))
    yield opened
    opened.close()


def projected(registry: Registry) -> list[tuple[object, ...]]:
    with registry.reading() as connection:
        return [tuple(row) for table in PROJECTIONS for row in connection.execute(select(table))]


def test_a_meeting_reads_back_as_it_was_lived_through(registry: Registry) -> None:
    assert registry.append("meeting-1", ENTRIES[0]) == 1
    assert registry.append_all("meeting-1", ENTRIES[1:], expect=1) == len(ENTRIES)
    assert replay(registry.meeting("meeting-1")) == at("signed")
    assert {line.author for line in registry.history("meeting-1")} == {each.by for each in ENTRIES}
    assert registry.verify() == []


def test_a_meeting_is_no_case_in_any_list_projection_or_replay_of_them(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    before = projected(registry)
    registry.append_all("a-meeting", ENTRIES)  # between no cases, and before all of them by its name
    registry.append_all("case-0", ENTRIES)
    assert (registry.cases(), registry.meetings()) == (["case-1"], ["a-meeting", "case-0"])
    assert projected(registry) == before
    registry.rebuild()
    assert projected(registry) == before
    assert repr(registry) == "<Registry, 1 case(s)>"
    with pytest.raises(RegistryError, match="a meeting, not a case"):
        registry.case("case-0")
    with pytest.raises(RegistryError, match="a case, not a meeting"):
        registry.meeting("case-1")


def test_several_events_are_written_all_or_none(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    decided = Decision(modality="surgery", decision="resection")
    with pytest.raises(RegistryError, match="opened once"):
        registry.append_all("case-1", [decided, OPENED])
    with pytest.raises(ConflictError, match="expected version 0 of the case, found 1"):
        registry.append_all("case-1", [decided, decided], expect=0)
    assert registry.case("case-1").version == 1
    assert registry.append_all("case-1", [decided, decided], expect=1) == 3
    with pytest.raises(RegistryError, match="expected one event or more"):
        registry.append_all("case-1", [])


@pytest.mark.parametrize(
    ("stream", "event", "message"),
    [
        ("new", ENTRIES[1], "first entry of a meeting is open_meeting, found start_room"),
        ("meeting-1", ENTRIES[0], "a meeting is opened once"),
        ("meeting-1", OPENED, "takes entries of a meeting alone; found case_opened"),
        ("meeting-1", Decision(modality="surgery", decision="x"), "takes entries of a meeting alone; found decision"),
        ("meeting-1", Correction(corrects=2, reason="?"), "takes entries of a meeting alone; found correction"),
        ("case-1", ENTRIES[0], "this is a case, which takes no entry of a meeting"),
        ("case-1", ENTRIES[1], "this is a case, which takes no entry of a meeting"),
        ("meeting 1", ENTRIES[0], "a case id is a pseudonym"),
        ("meeting-20261122", ENTRIES[0], "no number of six digits or more"),
    ],
)
def test_what_stands_in_a_wrong_place_is_refused(registry: Registry, stream: str, event: Event, message: str) -> None:
    registry.append("case-1", OPENED)
    registry.append_all("meeting-1", ENTRIES[:3])
    with pytest.raises(RegistryError, match=message):
        registry.append(stream, event)
    assert (len(registry.history("meeting-1")), registry.case("case-1").version) == (3, 1)


def test_a_changed_vote_shows(registry: Registry) -> None:
    registry.append_all("meeting-1", ENTRIES)
    voted = next(n for n, each in enumerate(ENTRIES) if each.action.kind == "vote") + 1
    with registry._writing() as connection:
        allow_changes(connection, "journal")
        where = JOURNAL.c.version == voted
        body = str(connection.execute(select(JOURNAL.c.body).where(where)).scalar_one())
        connection.execute(JOURNAL.update().where(where).values(body=body.replace('"yes"', '"no"')))
    assert registry.verify() == [f"case meeting-1, version {voted}: does not fit the entry before it"]


def test_a_backup_holds_the_meetings_too(registry: Registry, tmp_path: object) -> None:
    registry.append("case-1", OPENED)
    registry.append_all("meeting-1", ENTRIES)
    registry.backup(f"{tmp_path}/copy.sqlite")
    copy = Registry.open(f"{tmp_path}/copy.sqlite")
    assert replay(copy.meeting("meeting-1")) == at("signed")
    assert copy.cases() == ["case-1"]
    copy.close()


def test_no_bundle_takes_a_meeting_to_another_centre(registry: Registry, tmp_path: object) -> None:
    registry.append("case-1", OPENED)
    registry.append_all("meeting-1", ENTRIES)
    public = bundle.make_key(f"{tmp_path}/key")
    assert bundle.export(registry, f"{tmp_path}/all.bundle", key_file=f"{tmp_path}/key").entries == 1
    with pytest.raises(RegistryError, match=r"1 case\(s\) to export are not in this registry"):
        bundle.export(registry, f"{tmp_path}/one.bundle", key_file=f"{tmp_path}/key", cases=["meeting-1"])
    assert public


def test_the_decisions_of_a_signed_meeting_become_events_of_their_cases_once(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    registry.append_all("meeting-1", ENTRIES)
    assert keep_decisions(registry, "meeting-1") == Kept({"case-1": (2,)}, ())
    (decision,) = registry.case("case-1").decisions
    assert (decision.decision, decision.agreement) == ("en bloc resection", "majority")
    assert decision.on_date == date(2026, 11, 22)
    assert decision.decided_at == DecidedAt(meeting_id="meeting-1", number=1, ballot_id="b1")
    assert decision.attendee_roles == ("observer", "radiologist", "surgeon")
    assert [(each.text, each.owner_role) for each in decision.actions] == [
        ("imaging: MR of the whole bone", "radiologist")
    ]
    assert keep_decisions(registry, "meeting-1") == Kept({}, ())


def test_a_decision_corrected_after_signing_is_corrected_in_its_case(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    registry.append_all("meeting-1", ENTRIES)
    keep_decisions(registry, "meeting-1")
    amended = CorrectDecision(number=1, reason="misheard", decision=AMENDED)
    registry.append_all("meeting-1", journalled([("chair", amended)]))
    assert keep_decisions(registry, "meeting-1").written == {"case-1": (3,)}
    assert [each.decision for each in registry.case("case-1").decisions] == ["resection and proton therapy"]
    assert keep_decisions(registry, "meeting-1").written == {}
    last = registry.history("case-1")[-1].event
    assert isinstance(last, Correction)
    assert (last.corrects, last.reason) == (2, "misheard")


def test_what_the_case_says_of_a_decision_later_is_not_overwritten(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    registry.append_all("meeting-1", ENTRIES)
    keep_decisions(registry, "meeting-1")
    registry.append("case-1", Correction(corrects=2, reason="another patient's"))
    assert keep_decisions(registry, "meeting-1").written == {}
    assert registry.case("case-1").decisions == ()


def test_cases_of_other_registries_are_named_and_an_unsigned_meeting_is_refused(registry: Registry) -> None:
    registry.append_all("meeting-1", ENTRIES[:-1])
    with pytest.raises(RegistryError, match="expected signed minutes"):
        keep_decisions(registry, "meeting-1")
    registry.append("meeting-1", ENTRIES[-1])
    assert keep_decisions(registry, "meeting-1") == Kept({}, ("case-1",))


def test_decisions_are_numbered_over_the_meeting_and_sorted_by_case() -> None:
    meeting = act(at("decided"), OpenCase(case_id="case-2"), by="chair", at=AT)
    meeting = act(meeting, Decide(decision=AMENDED), by="chair", at=AT)
    found = decisions_of(act(meeting, SignMinutes(), by="chair", at=AT), "meeting-1")
    numbers = {case: [each.decided_at.number for each in many if each.decided_at] for case, many in found.items()}
    assert numbers == {"case-1": [1], "case-2": [2]}
    assert decisions_of(Meeting(), "meeting-1") == {}

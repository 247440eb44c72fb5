import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from sarcoma_review.errors import ConflictError, RegistryError
from sarcoma_review.registry import (
    CaseOpened,
    Decision,
    Event,
    ImagingReference,
    MarginPlan,
    Outcome,
    PlannedMargin,
    Registry,
)

OPENED = CaseOpened(question="Which planes?")
DECIDED = Decision(modality="surgery", decision="distal femoral resection", agreement="consensus")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(tmp_path / "cases.sqlite", clock=lambda: datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


def margin_plan() -> MarginPlan:
    plane = PlannedMargin(
        name="proximal", point_mm=(0, 0, 1), normal=(0, 0, 1), kerf_mm=1, margin_mm=20, interval_mm=(19, 21)
    )
    return MarginPlan(segment="tumour", planes=(plane,), minimum_mm=20, interval_mm=(19, 21))


def test_a_case_reads_back_as_it_was_written(registry: Registry, tmp_path: Path) -> None:
    imaging = ImagingReference(modality="CT", series_uid="2.25.1", slices=12, clearance="checked")
    outcome = Outcome(type="local_recurrence", on_date=date(2027, 3, 1), precision="month", certainty="probable")
    events: list[Event] = [OPENED, imaging, margin_plan(), DECIDED, outcome]
    for version, happened in enumerate(events, start=1):
        assert registry.append("case-1", happened) == version
    registry.close()
    case = Registry.open(tmp_path / "cases.sqlite").case("case-1")
    assert (case.version, case.opened, case.imaging) == (5, OPENED, (imaging,))
    assert (case.plans, case.decisions, case.outcomes) == ((margin_plan(),), (DECIDED,), (outcome,))


def test_the_journal_refuses_update_and_delete(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    for change in ("UPDATE journal SET body = '{}'", "DELETE FROM journal"):
        with pytest.raises(IntegrityError, match="append-only"), registry._writing() as connection:
            connection.execute(text(change))
    assert registry.case("case-1").opened == OPENED


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE journal SET body = replace(body, 'Which', 'Whose') WHERE version = 1",
        "DELETE FROM journal WHERE version < 2",
        "UPDATE journal SET kind = 'operation' WHERE version = 2",
        "UPDATE journal SET author = 'lead' WHERE version = 2",
    ],
)
def test_tampering_past_the_triggers_shows(registry: Registry, tampering: str) -> None:
    registry.append("case-1", OPENED)
    registry.append("case-1", DECIDED)
    assert registry.verify() == []
    with registry._writing() as connection:
        connection.execute(text("DROP TRIGGER journal_no_update"))
        connection.execute(text("DROP TRIGGER journal_no_delete"))
        connection.execute(text(tampering))
    assert any("does not fit the entry before it" in problem for problem in registry.verify())


def test_the_second_editor_is_told_what_the_first_wrote(registry: Registry) -> None:
    seen = registry.append("case-1", OPENED)
    registry.append("case-1", DECIDED, expect=seen)
    with pytest.raises(ConflictError, match="expected version 1 of the case, found 2; written since: decision"):
        registry.append("case-1", DECIDED, expect=seen)
    assert registry.case("case-1").version == 2


def test_a_case_is_opened_first_and_once(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="first event of a case is case_opened, found decision"):
        registry.append("case-1", DECIDED)
    registry.append("case-1", OPENED)
    with pytest.raises(RegistryError, match="a case is opened once"):
        registry.append("case-1", OPENED)


@pytest.mark.parametrize("case_id", ["9434765919", "K-123456", "Jane Doe", "", "../x", "a" * 65])
def test_a_case_id_that_could_be_a_record_number_is_refused(registry: Registry, case_id: str) -> None:
    with pytest.raises(RegistryError, match="a case id is a pseudonym") as refusal:
        registry.append(case_id, OPENED)
    assert not case_id or case_id == "a" * 65 or case_id not in str(refusal.value)
    assert registry.cases() == []


def test_what_is_no_event_and_what_is_no_name_is_refused(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="one of the kinds of this registry; found dict"):
        registry.append("case-1", {"kind": "case_opened"})  # type: ignore[arg-type]
    with pytest.raises(RegistryError, match="a case id is a pseudonym"):
        registry.append(7, OPENED)  # type: ignore[arg-type]


def test_a_clock_set_back_never_shows_a_case_without_what_came_before(tmp_path: Path) -> None:
    times = iter(
        [datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    )
    registry = Registry.open(tmp_path / "clock.sqlite", clock=lambda: next(times))
    for event in (OPENED, DECIDED, DECIDED):
        registry.append("case-1", event)
    assert registry.verify() == []
    assert registry.case("case-1", as_of=datetime(2026, 2, 1, tzinfo=UTC)).version == 1
    assert registry.case("case-1", as_of=datetime(2026, 3, 1, tzinfo=UTC)).version == 3
    with pytest.raises(RegistryError, match="opened after the time asked for"):
        registry.case("case-1", as_of=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(RegistryError, match="the time asked for needs its zone"):
        registry.case("case-1", as_of=datetime(2026, 1, 1))


def test_unknown_cases_files_and_folders_are_refused(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no such case"):
        registry.case("case-2")
    with pytest.raises(RegistryError, match="folder for the registry does not exist"):
        Registry.open(tmp_path / "nowhere" / "cases.sqlite")
    (tmp_path / "letter.txt").write_text("Dear colleague, " * 100)
    with pytest.raises(RegistryError, match="the file is not a registry"):
        Registry.open(tmp_path / "letter.txt")


def test_a_margin_outside_its_interval_is_refused() -> None:
    with pytest.raises(ValidationError, match="margin of 5 mm lies outside its interval 6 to 7 mm"):
        PlannedMargin(name="a", point_mm=(0, 0, 0), normal=(0, 0, 1), kerf_mm=1, margin_mm=5, interval_mm=(6, 7))


def test_an_age_in_years_is_refused_where_a_band_is_asked_for() -> None:
    assert CaseOpened(question="?", age_band="15-19").age_band == "15-19"
    with pytest.raises(ValidationError, match="age_band"):
        CaseOpened(question="?", age_band="17")


def test_a_backup_taken_while_another_writes_is_whole(registry: Registry, tmp_path: Path) -> None:
    registry.append("case-1", OPENED)
    writer = threading.Thread(target=lambda: [registry.append("case-1", DECIDED) for _ in range(40)])
    writer.start()
    registry.backup(tmp_path / "copy.sqlite")
    writer.join()
    copy = Registry.open(tmp_path / "copy.sqlite")
    assert copy.verify() == []
    assert 1 <= copy.case("case-1").version <= 41
    with pytest.raises(RegistryError, match="backup file exists already"):
        registry.backup(tmp_path / "copy.sqlite")


WRITER = """
import sys
from sarcoma_review.registry import Registry, CaseOpened, Decision
registry = Registry.open(sys.argv[1])
case = sys.argv[2]
registry.append(case, CaseOpened(question="?"))
for _ in range(int(sys.argv[3])):
    print(registry.append(case, Decision(modality="surgery", decision="resection")), flush=True)
"""


def test_writers_in_several_processes_lose_nothing(registry: Registry, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "cases.sqlite")]
    writers = [subprocess.Popen([*command, f"case-{k}", "25"], stdout=subprocess.DEVNULL) for k in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert [registry.case(f"case-{k}").version for k in range(3)] == [26, 26, 26]
    assert registry.verify() == []


def test_a_killed_writer_loses_nothing_it_was_told_is_written(tmp_path: Path) -> None:
    path = tmp_path / "cases.sqlite"
    command = [sys.executable, "-c", WRITER, str(path), "case-1", "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(30)]
        os.kill(writer.pid, signal.SIGKILL)
    registry = Registry.open(path)
    assert registry.case("case-1").version >= acknowledged[-1]
    assert registry.verify() == []


@pytest.mark.parametrize("name", ["a?b.sqlite", "a%20b.sqlite", "a#b.sqlite"])
def test_a_name_with_signs_of_an_address_is_a_name(tmp_path: Path, name: str) -> None:
    registry = Registry.open(tmp_path / name)
    registry.append("case-1", OPENED)
    registry.close()
    assert name in {path.name for path in tmp_path.iterdir()}
    assert Registry.open(tmp_path / name).cases() == ["case-1"]


def test_a_new_registry_may_be_opened_by_several_at_once(tmp_path: Path) -> None:
    for attempt in range(3):
        path = tmp_path / f"{attempt}.sqlite"
        code = "import sys; from sarcoma_review.registry import Registry; Registry.open(sys.argv[1])"
        openers = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(4)]
        assert [opener.wait(60) for opener in openers] == [0, 0, 0, 0]


def test_a_registry_in_memory_is_one_for_every_thread() -> None:
    registry = Registry.open(":memory:")
    registry.append("case-1", CaseOpened(question="?"))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: registry.append("case-1", DECIDED), range(20)))
    assert sorted(done) == list(range(2, 22))
    assert registry.verify() == []

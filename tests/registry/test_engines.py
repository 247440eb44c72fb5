"""The same promises on SQLite and on PostgreSQL."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from sarcoma_review.errors import ConflictError, RegistryError
from sarcoma_review.registry import (
    AchievedMargin,
    CaseOpened,
    Checkpoint,
    Consent,
    Correction,
    Decision,
    Event,
    Execution,
    MarginPlan,
    Operation,
    Outcome,
    PlannedMargin,
    Registry,
)
from sarcoma_review.registry.checks import check_case
from sarcoma_review.registry.cohort import check_registry
from sarcoma_review.registry.events import Fact
from sarcoma_review.registry.migrate import HEAD, configuration, revision
from sarcoma_review.registry.migrations.triggers import allow_changes
from sarcoma_review.registry.tables import APPEND_ONLY, PROJECTIONS

OPENED = CaseOpened(question="Which planes?", centre="AB")
DECIDED = Decision(modality="surgery", decision="resection")
OPERATED = Operation(procedure="resection", on_date=date(2026, 2, 1))
RECURRED = Outcome(type="local_recurrence", on_date=date(2027, 3, 1), precision="month")


@pytest.fixture
def registry(place: str) -> Iterator[Registry]:
    opened = Registry.open(place, clock=lambda: datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    yield opened
    opened.close()


def projections(registry: Registry) -> dict[str, list[tuple[object, ...]]]:
    with registry.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
            for table in PROJECTIONS
        }


def test_a_case_reads_back_and_its_chain_is_whole(registry: Registry) -> None:
    for event in (OPENED, DECIDED, OPERATED, RECURRED):
        registry.append("case-1", event, author="surgeon-2")
    case = registry.case("case-1")
    assert (case.opened, case.decisions, case.outcomes, case.version) == (OPENED, (DECIDED,), (RECURRED,), 4)
    assert {entry.author for entry in registry.history("case-1")} == {"surgeon-2"}
    assert registry.verify() == []


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_update_and_delete_are_refused_in_every_table_of_record(registry: Registry, table: str) -> None:
    for k in range(100):
        registry.append(f"case-{k}", OPENED)
    column = {"journal": "body", "checkpoint": "chain", "release_log": "shown", "bundle_log": "chain"}[table]
    with registry._writing() as connection:
        fill = {
            "release_log": "INSERT INTO release_log VALUES (1, 's', '[]', '[]', 'hes', 'r', 't')",
            "bundle_log": "INSERT INTO bundle_log VALUES (1, 's', 1, 'c', 't')",
        }
        if table in fill:
            connection.execute(text(fill[table]))
    for change in (f"UPDATE {table} SET {column} = ''", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="append-only"), registry._writing() as connection:
            connection.execute(text(change))


def test_tables_are_those_of_the_migrations_and_of_the_head_named(registry: Registry) -> None:
    with registry._writing() as connection:
        assert revision(connection) == HEAD
        command.check(configuration(connection))  # raises where a migration is missing


@pytest.mark.parametrize(
    "change", ["DELETE FROM journal WHERE id = 2", "UPDATE journal SET author = 'x' WHERE id = 3"]
)
def test_a_change_past_the_triggers_shows(registry: Registry, change: str) -> None:
    for case in ("case-1", "case-2", "case-3"):
        registry.append(case, OPENED)
    with registry._writing() as connection:
        allow_changes(connection, "journal")
        connection.execute(text(change))
    assert registry.verify()


def test_entries_taken_off_the_end_show_against_a_checkpoint(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    early = registry.checkpoint()
    registry.append("case-2", OPENED)
    kept = registry.checkpoint()
    assert (early.sequence, kept.sequence) == (1, 2)
    assert registry.verify() == registry.verify(since=early) == registry.verify(since=kept) == []
    with registry._writing() as connection:
        for table in ("journal", "checkpoint"):
            allow_changes(connection, table)
        connection.execute(text("DELETE FROM journal WHERE id = 2"))
        connection.execute(text("DELETE FROM checkpoint WHERE sequence = 2"))
    assert registry.verify() == []
    assert registry.verify(since=kept) == ["a checkpoint was made at entry 2; the journal ends at entry 1"]
    assert "is not the one of the checkpoint" in registry.verify(since=Checkpoint(1, "0" * 64))[0]


def test_the_registry_keeps_a_checkpoint_by_itself_every_hundred_entries(registry: Registry) -> None:
    for k in range(101):
        registry.append(f"case-{k}", OPENED)
    with registry._writing() as connection:
        allow_changes(connection, "journal")
        connection.execute(text("DELETE FROM journal WHERE id > 99"))
    assert registry.verify() == ["a checkpoint was made at entry 100; the journal ends at entry 99"]


def test_the_second_editor_is_told_what_the_first_wrote(registry: Registry) -> None:
    seen = registry.append("case-1", OPENED)
    registry.append("case-1", DECIDED, expect=seen)
    with pytest.raises(ConflictError, match="expected version 1 of the case, found 2; written since: decision"):
        registry.append("case-1", OPERATED, expect=seen)


def test_a_correction_stands_in_place_of_what_was_wrong_and_nothing_is_lost(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    wrong = registry.append("case-1", RECURRED)
    right = RECURRED.model_copy(update={"on_date": date(2027, 4, 1)})
    before = registry._clock()
    registry.append("case-1", Correction(corrects=wrong, reason="month misread", replacement=right))
    assert registry.case("case-1").outcomes == (right,)
    assert [entry.event.kind for entry in registry.history("case-1")] == ["case_opened", "outcome", "correction"]
    registry.append("case-1", Correction(corrects=wrong, reason="another patient's"))
    assert registry.case("case-1", as_of=before).outcomes == ()
    assert projections(registry)["milestone_row"] == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Correction(corrects=9, reason="?"), "version 9 of the case cannot be taken back: found no entry"),
        (Correction(corrects=1, reason="?"), "version 1 of the case cannot be taken back: found case_opened"),
        (Correction(corrects=2, reason="?", replacement=RECURRED), "is to be outcome, found decision"),
        (Execution(decision_version=3, carried_out="yes"), "is to be a decision, found operation"),
    ],
)
def test_an_event_that_names_a_wrong_entry_is_refused(registry: Registry, event: Event, message: str) -> None:
    for fact in (OPENED, DECIDED, OPERATED):
        registry.append("case-1", fact)
    with pytest.raises(RegistryError, match=message):
        registry.append("case-1", event)
    assert registry.case("case-1").version == 3


def test_a_corrected_execution_names_a_decision_too(registry: Registry) -> None:
    for fact in (OPENED, DECIDED, OPERATED, Execution(decision_version=2, carried_out="pending")):
        registry.append("case-1", fact)
    done = {version: Execution(decision_version=version, carried_out="yes") for version in (2, 3, 9)}
    for version, found in ((3, "operation"), (9, "no entry")):
        with pytest.raises(RegistryError, match=f"version {version} of the case is to be a decision, found {found}"):
            registry.append("case-1", Correction(corrects=4, reason="misread", replacement=done[version]))
    registry.append("case-1", Correction(corrects=4, reason="done since", replacement=done[2]))
    assert registry.case("case-1").of(Execution) == (done[2],)


PLANNED = MarginPlan(
    segment="tumour",
    planes=(
        PlannedMargin(name="a", point_mm=(0, 0, 0), normal=(0, 0, 1), kerf_mm=1, margin_mm=9, interval_mm=(8, 10)),
        PlannedMargin(name="b", point_mm=(0, 0, 0), normal=(0, 1, 0), kerf_mm=1, margin_mm=7, interval_mm=(6, 8)),
    ),
    minimum_mm=7,
    interval_mm=(6, 8),
)
ACHIEVED = AchievedMargin(plane="a", margin_mm=6, interval_mm=(5, 7), method="ct", on_date=date(2026, 3, 1))
FACTS: list[Fact] = [
    DECIDED,
    OPERATED,
    RECURRED,
    PLANNED,
    ACHIEVED,
    Consent(given=False, scope="audit", on_date=date(2026, 1, 1)),
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(FACTS)), st.integers(0, 30)), max_size=12))
def test_projections_by_replay_are_those_that_grew(registry: Registry, steps: list[tuple[int, int]]) -> None:
    case = f"case-{len(registry.cases())}"
    version, written = registry.append(case, OPENED), dict[int, Fact]()
    for which, target in steps:
        if which < len(FACTS):
            version = registry.append(case, FACTS[which])
            written[version] = FACTS[which]
        elif written:
            corrected = sorted(written)[target % len(written)]
            replacement = written[corrected] if target % 2 else None
            version = registry.append(case, Correction(corrects=corrected, reason="wrong", replacement=replacement))
    grown = projections(registry)
    registry.rebuild()
    assert projections(registry) == grown


def test_a_case_of_many_entries_is_checked_as_a_short_one_is(registry: Registry) -> None:
    registry.append("case-1", OPENED)
    registry.append("case-1", RECURRED)
    for _ in range(105):
        registry.append("case-1", DECIDED)
    (before,) = [each for each in check_registry(registry, on=date(2030, 1, 1)) if each.version == 2]
    assert set(check_registry(registry, on=date(2030, 1, 1))) == set(
        check_case(registry.case("case-1"), on=date(2030, 1, 1))
    )
    grown = projections(registry)
    registry.rebuild()
    assert projections(registry) == grown
    registry.append("case-1", Correction(corrects=2, reason="another patient"))
    assert before not in check_registry(registry, on=date(2030, 1, 1))


def test_a_backup_restores_to_the_same_journal_and_projections(registry: Registry, tmp_path: Path) -> None:
    for event in (OPENED, PLANNED, ACHIEVED, RECURRED):
        registry.append("case-1", event)
    kept = registry.checkpoint()
    registry.backup(tmp_path / "copy.sqlite")
    restored = Registry.open(tmp_path / "restored.sqlite")
    assert restored.restore(tmp_path / "copy.sqlite") == 4
    assert restored.history("case-1") == registry.history("case-1")
    assert restored.verify(since=kept) == []
    assert projections(restored) == projections(registry)
    with pytest.raises(RegistryError, match="restore into is not empty"):
        restored.restore(tmp_path / "copy.sqlite")
    with pytest.raises(RegistryError, match="no backup in this place"):
        restored.restore(tmp_path / "none.sqlite")


def test_a_backup_that_was_changed_is_not_restored(registry: Registry, tmp_path: Path) -> None:
    registry.append("case-1", OPENED)
    registry.backup(tmp_path / "copy.sqlite")
    copy = Registry.open(tmp_path / "copy.sqlite")
    with copy._writing() as connection:
        allow_changes(connection, "journal")
        connection.execute(text("UPDATE journal SET body = replace(body, 'Which', 'Whose')"))
    copy.close()
    with pytest.raises(RegistryError, match="the backup does not verify: case case-1, version 1"):
        Registry.open(tmp_path / "restored.sqlite").restore(tmp_path / "copy.sqlite")


WRITER = """
import sys
from sarcoma_review.registry import CaseOpened, Decision, Registry
registry = Registry.open(sys.argv[1])
if sys.argv[2] not in registry.cases():
    registry.append(sys.argv[2], CaseOpened(question="?"))
for _ in range(int(sys.argv[3])):
    print(registry.append(sys.argv[2], Decision(modality="surgery", decision="resection")), flush=True)
"""


def test_writers_to_one_case_lose_nothing_and_need_no_second_try(registry: Registry, place: str) -> None:
    registry.append("case-1", OPENED)
    command_line = [sys.executable, "-c", WRITER, place, "case-1", "15"]
    writers = [subprocess.Popen(command_line, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    assert registry.case("case-1").version == 46
    assert registry.verify() == []


def test_a_killed_writer_loses_nothing_it_was_told_is_written(registry: Registry, place: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, place, "case-1", "100000"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(10)]
        os.kill(writer.pid, signal.SIGKILL)
    assert registry.case("case-1").version >= acknowledged[-1]
    assert registry.verify() == []

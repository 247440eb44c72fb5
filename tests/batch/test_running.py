"""Whole runs on this machine: what the table says, and what a second run does."""

import csv
import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from sarcoma_review import batch
from sarcoma_review.batch import Options
from sarcoma_review.dicom import open_study, write_seg
from sarcoma_review.errors import BatchError
from sarcoma_review.planning import Plane
from sarcoma_review.privacy import check, deidentify
from sarcoma_review.registry import CaseOpened, MarginPlan, PlannedMargin, Registry
from sarcoma_review.volume import Segment, Volume
from tests.batch.many import NAME, SLICES, studies
from tests.dicom.outlined import PATIENT
from tests.dicom.series import image, save


def table_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_study_is_a_row_in_the_order_of_the_folder_and_no_row_names_it(tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    made = batch.run("scan", studies(5, tmp_path / "in"), out=out, workers=2)
    rows = table_of(out)
    assert [row["images"] for row in rows] == [str(SLICES)] * 5
    assert [Path(made.place(row["study"])[0]).name for row in rows] == [f"{NAME}_{n:04d}" for n in range(5)]
    assert NAME not in out.read_text()
    assert NAME not in repr(made) + repr(list(made.rows()))


def test_a_repeated_run_works_on_nothing_and_gives_the_same_table(tmp_path: Path) -> None:
    folder, out = studies(4, tmp_path / "in"), tmp_path / "found.csv"
    first = batch.run("scan", folder, out=out, workers=1)
    before = out.read_bytes()
    again = batch.run("scan", folder, out=out, workers=1)
    assert (first.known, again.known) == (0, 4)
    assert out.read_bytes() == before


def test_only_what_changed_is_worked_on_again_and_what_is_gone_is_no_row(tmp_path: Path) -> None:
    folder, out = studies(4, tmp_path / "in"), tmp_path / "found.csv"
    batch.run("scan", folder, out=out, workers=1)
    next((folder / f"{NAME}_0001").iterdir()).unlink()
    shutil.rmtree(folder / f"{NAME}_0003")
    again = batch.run("scan", folder, out=out, workers=1)
    assert (again.done, again.known) == (3, 2)
    assert [row["images"] for row in table_of(out)] == ["3", "2", "3"]


def test_a_study_that_fails_is_a_row_with_its_reason_and_does_not_end_the_run(tmp_path: Path) -> None:
    folder, out = studies(2, tmp_path / "in"), tmp_path / "found.csv"
    (folder / "empty").mkdir()
    (folder / "notes").mkdir()
    (folder / "notes" / f"{NAME}.txt").write_text("Dear colleague")
    (folder / "letter.txt").write_text("Dear colleague")
    made = batch.run("scan", folder, out=out, workers=2)
    failed = [(row["error"], row["reason"]) for row in table_of(out) if row["outcome"] == "failed"]
    assert failed == [
        ("NotDicomError", "expected DICOM files, found 0 other file(s)"),
        ("NotDicomError", "expected DICOM files, found 1 other file(s)"),
    ]
    assert (made.done, made.failed, made.left_out) == (2, 2, 1)


def test_a_study_that_is_not_there_is_tried_again_and_its_name_says_nothing(tmp_path: Path) -> None:
    gone, out = tmp_path / NAME, tmp_path / "found.csv"
    batch.run("scan", [gone], out=out, workers=1)
    (row,) = table_of(out)
    assert (row["error"], row["outcome"]) == ("NotDicomError", "failed")
    save([image((0, 0, 0), 0)], gone)
    assert batch.run("scan", [gone], out=out, workers=1).done == 1


def test_tables_of_several_tasks_call_a_study_by_one_name(tmp_path: Path) -> None:
    folder = studies(2, tmp_path / "in")
    names = [[row.study for row in batch.run(task, folder, workers=1).rows()] for task in ("scan", "check")]
    assert names[0] == names[1]
    assert len(set(names[0])) == 2


def test_a_table_in_parquet_holds_numbers_and_leaves_open_what_is_not_recorded(tmp_path: Path) -> None:
    folder = studies(2, tmp_path / "in")
    (folder / "empty").mkdir()
    batch.run("scan", folder, out=tmp_path / "found.parquet", workers=1)
    found = pyarrow.parquet.read_table(tmp_path / "found.parquet")
    assert found["images"].to_pylist() == [SLICES, SLICES, None]
    assert found["outcome"].to_pylist() == ["done", "done", "failed"]


def test_the_gate_is_asked_of_every_study(tmp_path: Path) -> None:
    made = list(batch.run("check", studies(2, tmp_path / "in"), workers=1).rows())
    for row, folder in zip(made, sorted((tmp_path / "in").iterdir()), strict=True):
        report = check(folder)
        assert (row.cells["gate"], row.cells["faults"]) == (report.outcome, len(report.faults))
        assert report.outcome == "clean_first"


def test_studies_of_one_patient_get_one_pseudonym_and_a_folder_each(tmp_path: Path) -> None:
    folder, into = studies(2, tmp_path / "in"), tmp_path / "clean"
    shutil.copytree(folder / f"{NAME}_0000", folder / f"{NAME}_9999")
    next((folder / f"{NAME}_9999").iterdir()).unlink()
    options = Options(into=into, key_file=tmp_path / "key.json")
    made = list(batch.run("deidentify", folder, options=options, workers=2).rows())
    assert sorted(path.name for path in into.iterdir()) == sorted(row.study for row in made)
    assert all(check(path).outcome == "open" for path in into.iterdir())
    assert NAME not in "".join(str(path) for path in into.rglob("*"))


def test_the_same_study_given_many_times_is_released_once_and_every_copy_is_done(tmp_path: Path) -> None:
    folder, into = studies(1, tmp_path / "in"), tmp_path / "clean"
    for number in range(1, 12):
        shutil.copytree(folder / f"{NAME}_0000", folder / f"{NAME}_{number:04d}")
    options = Options(into=into, key_file=tmp_path / "key.json")
    made = list(batch.run("deidentify", folder, options=options, workers=2).rows())
    assert [(row.outcome, row.reason) for row in made] == [("done", "")] * 12
    assert [path.name for path in into.iterdir()] == [made[0].study]


def ball_study(folder: Path) -> Path:
    """A de-identified CT of 1 mm voxels with a tumour of radius 6 mm at (15, 15, 15) mm, outlined."""
    affine = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    slices, rows, columns = np.indices((31, 31, 31)) - 15
    mask = slices**2 + rows**2 + columns**2 < 36.0
    size = {"Rows": 31, "Columns": 31, "PixelSpacing": [1, 1], "PixelData": bytes(2 * 31 * 31)}
    made = [image((0, 0, k), 0, InstanceNumber=k + 1, **(PATIENT | {"SliceThickness": 1}), **size) for k in range(31)]
    seg = write_seg([Segment("tumour", Volume(mask, affine, "2.25.3"))], images=made)
    save([*made, seg], folder / "raw")
    deidentify(folder / "raw", folder / "studies" / "one", key_file=folder / "key.json")
    return folder / "studies"


CUT = Plane((15, 15, 27), (0, 0, 1), name="proximal")


def planned(place: Path, case_id: str) -> Registry:
    """A registry that holds a plan for a case, measured by somebody else as 99 mm."""
    registry = Registry.open(place)
    registry.append(case_id, CaseOpened(question="Do the planes clear the outline?"))
    row = PlannedMargin(
        name=CUT.name, point_mm=(15, 15, 27), normal=(0, 0, 1), kerf_mm=1, margin_mm=99, interval_mm=(98, 100)
    )
    registry.append(case_id, MarginPlan(segment="tumour", planes=(row,), minimum_mm=99, interval_mm=(98, 100)))
    return registry


def test_margins_of_stored_plans_are_measured_and_recorded_once(tmp_path: Path) -> None:
    folder = ball_study(tmp_path)
    case_id = str(next(iter(batch.run("margins", folder, options=empty_plans(tmp_path), workers=1).rows())).reason)
    assert case_id == "no plan is stored for this case"
    pseudonym = pseudonym_of(folder / "one")
    registry = planned(tmp_path / "cases.sqlite", pseudonym)
    options = Options(plans=tmp_path / "cases.sqlite")
    made = batch.run("margins", folder, options=options, out=tmp_path / "m.csv", registry=registry, workers=1)
    (row,) = made.rows()
    assert row.cells["minimum_mm"] == pytest.approx(12.0 - 6.0, abs=0.2)
    low, high = float(row.cells["low_mm"] or 0), float(row.cells["high_mm"] or 0)
    assert low < 6.0 < high
    assert (row.cells["case"], made.recorded) == (pseudonym, 1)
    again = batch.run("margins", folder, options=options, out=tmp_path / "m.csv", registry=registry, workers=1)
    assert (again.recorded, again.known, len(registry.case(pseudonym).plans)) == (0, 1, 2)


def empty_plans(folder: Path) -> Options:
    (folder / "plans.json").write_text("{}")
    return Options(plans=folder / "plans.json")


def pseudonym_of(folder: Path) -> str:
    return open_study(folder).pseudonym


def test_a_deck_is_written_with_the_stored_plan_and_without_one_it_is_said(tmp_path: Path) -> None:
    folder, into = ball_study(tmp_path), tmp_path / "decks"
    pseudonym = pseudonym_of(folder / "one")
    plane = {"name": "proximal", "point_mm": [15, 15, 27], "normal": [0, 0, 1], "kerf_mm": 1}
    (tmp_path / "mine.json").write_text(json.dumps({pseudonym: {"planes": [plane]}}))
    for plans, said in ((tmp_path / "mine.json", "stored plan"), (empty_plans(tmp_path).plans, "No plan is stored")):
        options = Options(into=into, on=date(2026, 3, 1), plans=plans)
        (row,) = batch.run("deck", folder, options=options, workers=1).rows()
        deck = into / str(row.cells["file"])
        assert (row.outcome, row.cells["case"], deck.stem) == ("done", pseudonym, row.study)
        assert said in deck.read_text()


def test_a_study_without_the_outline_is_a_row_that_says_so(tmp_path: Path) -> None:
    folder = ball_study(tmp_path)
    plans = tmp_path / "mine.json"
    plane = {"name": "proximal", "point_mm": [15, 15, 27], "normal": [0, 0, 1], "kerf_mm": 1}
    plans.write_text(json.dumps({pseudonym_of(folder / "one"): {"planes": [plane]}}))
    (row,) = batch.run("margins", folder, options=Options(plans=plans, segment="cyst"), workers=1).rows()
    assert (row.error, row.reason) == (
        "DicomError",
        "expected one segment named 'cyst', found 0; there are: 'tumour'",
    )


@pytest.mark.parametrize(
    ("task", "out", "message"),
    [
        ("guess", None, "expected one of the tasks scan, check"),
        ("margins", None, "the task margins needs plans"),
        ("deidentify", None, "the task deidentify needs into and key_file"),
        ("scan", "found.xlsx", r"ending in \.csv or \.parquet, found '\.xlsx'"),
        ("scan", "no/found.csv", "the table's folder does not exist"),
    ],
)
def test_what_cannot_begin_is_refused_before_anything_is_done(
    task: str, out: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BatchError, match=message):
        batch.run(task, studies(1, tmp_path / "in"), out=None if out is None else tmp_path / out)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_an_engine_that_is_not_there_and_a_folder_that_is_not_are_refused(tmp_path: Path) -> None:
    folder = studies(1, tmp_path / "in")
    with pytest.raises(BatchError, match="expected the engine local, or tcp://"):
        batch.run("scan", folder, engine="slurm")
    with pytest.raises(BatchError, match="no such folder"):
        batch.run("scan", tmp_path / "nowhere")


def test_nothing_is_written_among_the_studies(tmp_path: Path) -> None:
    options = Options(into=tmp_path / "clean", key_file=tmp_path / "key.json")
    with pytest.raises(BatchError, match="may not lie among the studies"):
        batch.run("deidentify", tmp_path, options=options)
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_another_kind_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "found.csv.store").write_text(
        "a letter, and no store; longer than the head of a database file ..." * 3
    )
    with pytest.raises(BatchError, match="the store is a file of another kind"):
        batch.run("scan", studies(1, tmp_path / "in"), out=tmp_path / "found.csv")
    assert (tmp_path / "found.csv.store").read_text().startswith("a letter")


def test_the_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    batch.run("scan", studies(1, tmp_path / "in"), out=tmp_path / "found.csv", workers=1)
    assert (tmp_path / "found.csv.store").stat().st_mode & 0o077 == 0


def test_a_text_that_a_spreadsheet_would_reckon_out_is_quoted(tmp_path: Path) -> None:
    from sarcoma_review.batch.table import write_table

    row = batch.Row("S-1", "done", cells={"case": "=1+1", "minimum_mm": -2.5})
    write_table([row], {"case": str, "minimum_mm": float}, tmp_path / "t.csv")
    assert table_of(tmp_path / "t.csv")[0]["case"] == "'=1+1"
    assert table_of(tmp_path / "t.csv")[0]["minimum_mm"] == "-2.5"

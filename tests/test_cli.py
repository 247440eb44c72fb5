import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sarcoma_review.cli import app, main
from tests.dicom.series import image, save

SAMPLE = Path(__file__).parents[1] / "sample_dicom" / "distal_femur_osteosarcoma"
NAME = "Szczebrzeszynska"


class Result:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["sarcoma-review", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return Result(int(ended.value.code or 0), shown.out, shown.err)

    return call


def named_study(folder: Path) -> Path:
    return save([image((0, 0, 3 * k), k, PatientName=NAME, PatientID="9434765919") for k in range(3)], folder)


def one_line(result: Result) -> str:
    assert "Traceback" not in result.out + result.err
    lines = [line for line in result.err.splitlines() if line.strip()]
    assert len(lines) == 1, result.err
    assert lines[0].startswith("sarcoma-review: ")
    return lines[0]


@pytest.mark.parametrize("command", ["scan", "check", "demo --study"])
def test_an_empty_folder_gives_one_line(run: Any, tmp_path: Path, command: str) -> None:
    (tmp_path / "in").mkdir()
    result = run(*command.split(), tmp_path / "in")
    assert result.code == 2
    assert "DICOM" in one_line(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("command", ["scan", "check", "demo --study"])
def test_a_folder_of_text_files_gives_one_line(run: Any, tmp_path: Path, command: str) -> None:
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / "in" / f"{name}.txt").write_text("Dear colleague, " * 50)
    result = run(*command.split(), tmp_path / "in")
    assert result.code == 2
    assert "DICOM" in one_line(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("command", ["scan", "check", "demo --study"])
@pytest.mark.parametrize("length", [140, 400, 700])
def test_a_truncated_file_gives_one_line(run: Any, tmp_path: Path, command: str, length: int) -> None:
    save([image((0, 0, 0), 0)], tmp_path / "in")
    whole = (tmp_path / "in" / "file000").read_bytes()
    (tmp_path / "in" / "file000").write_bytes(whole[:length])
    result = run(*command.split(), tmp_path / "in")
    assert result.code in (1, 2)
    assert "Traceback" not in result.out + result.err
    assert len(result.err.splitlines()) <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_file_whose_header_is_cut_is_named_in_the_scan(run: Any, tmp_path: Path) -> None:
    save([image((0, 0, 0), 0)], tmp_path / "in")
    whole = (tmp_path / "in" / "file000").read_bytes()
    (tmp_path / "in" / "file000").write_bytes(whole[: whole.index(b"\x28\x00\x10\x00")])  # before Rows
    result = run("scan", tmp_path / "in")
    assert result.code == 1
    assert "not an image, or its header is truncated" in result.out
    assert "no volume" in one_line(result)


def test_a_failed_cleaning_leaves_no_key(run: Any, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert run("deidentify", tmp_path / "in", tmp_path / "out", "--key-file", tmp_path / "case.key").code == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_deck_that_cannot_be_written_leaves_nothing_recorded(run: Any, tmp_path: Path) -> None:
    (tmp_path / "out" / "distal_femur_osteosarcoma.html").mkdir(parents=True)
    result = run("demo", "--study", SAMPLE, "--out", tmp_path / "out")
    assert result.code == 2
    assert "the disk refused" in one_line(result)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["distal_femur_osteosarcoma.html"]


def test_a_path_that_is_not_there_gives_one_line(run: Any, tmp_path: Path) -> None:
    for command in ("scan", "check", "demo --study"):
        result = run(*command.split(), tmp_path / "nowhere")
        assert result.code == 2
        one_line(result)


def test_check_lists_the_faults_and_never_the_values(run: Any, tmp_path: Path) -> None:
    result = run("check", named_study(tmp_path / "in"))
    assert result.code == 1
    assert "PatientName" in result.out
    assert NAME not in result.out + result.err
    assert "9434765919" not in result.out + result.err


def test_a_scan_answers_a_program_in_json_and_names_nobody(run: Any, tmp_path: Path) -> None:
    (named_study(tmp_path / NAME) / "letter.txt").write_text("Dear colleague")
    result = run("scan", tmp_path / NAME, "--json", "--cache", tmp_path / "kept")
    answer = json.loads(result.out)
    (volume,) = answer["volumes"]
    assert (volume["modality"], volume["shape"], volume["refused"]) == ("CT", [3, 7, 9], None)
    assert answer["skipped"] == {"not DICOM": 1}
    assert NAME not in result.out + result.err
    assert (tmp_path / "kept").is_file()


def test_a_scan_of_an_archive_says_where_its_dicomdir_is_wrong(run: Any, tmp_path: Path) -> None:
    (named_study(tmp_path / "in") / "DICOMDIR").write_text("no list")
    shutil.make_archive(str(tmp_path / "in"), "zip", tmp_path / "in")
    result = run("scan", tmp_path / "in.zip")
    assert result.code == 0
    assert "CT 3 x 7 x 9 voxels" in result.out
    assert "noted: 1 file(s), a DICOMDIR that cannot be read" in result.out


def test_an_archive_that_leads_out_gives_one_line(run: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as out:
        out.writestr("../out", b"x")
    result = run("scan", tmp_path / "in.zip")
    assert result.code == 1
    assert "leads out of it" in one_line(result)


def test_check_answers_a_program_in_json(run: Any, tmp_path: Path) -> None:
    result = run("check", named_study(tmp_path / "in"), "--json")
    answer = json.loads(result.out)
    assert (result.code, answer["outcome"], answer["files_checked"]) == (1, "clean_first", 3)
    assert {"file", "path", "keyword", "rule", "value"} <= set(answer["faults"][0])
    assert NAME not in result.out


def test_deidentify_then_check_and_scan(run: Any, tmp_path: Path) -> None:
    source = named_study(tmp_path / "in")
    done = run("deidentify", source, tmp_path / "clean", "--key-file", tmp_path / "case.key")
    assert done.code == 0
    assert NAME not in done.out + done.err
    assert run("check", tmp_path / "clean").code == 0
    seen = run("scan", tmp_path / "clean")
    assert seen.code == 0
    assert "CT 3 x 7 x 9 voxels of 3.00 x 0.70 x 0.80 mm" in seen.out


def test_a_wrong_profile_or_option_is_bad_use(run: Any, tmp_path: Path) -> None:
    source = named_study(tmp_path / "in")
    wrong = run("deidentify", source, tmp_path / "clean", "--key-file", tmp_path / "k.key", "--profile", "none")
    assert wrong.code == 1
    one_line(wrong)
    assert not (tmp_path / "clean").exists()
    assert run("check").code == 2
    assert run("nonsense").code == 2


def test_an_unknown_segment_is_named_with_those_there_are(run: Any) -> None:
    result = run("demo", "--study", SAMPLE, "--segment", "liver", "--out", "deck")
    assert result.code == 1
    assert "expected one segment named 'liver', found 0; there are: 'tumour', 'femur'" in one_line(result)
    assert not Path("deck").exists()


def test_a_fault_of_the_program_shows_no_values(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(NAME)

    monkeypatch.setattr("sarcoma_review.cli._Progress", broken)
    result = run("scan", tmp_path)
    assert result.code == 2
    assert "a fault of this program (ZeroDivisionError" in one_line(result)
    assert NAME not in result.err


def test_every_command_has_help_and_stands_in_the_readme() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for command in app.registered_commands:
        assert command.callback is not None
        assert command.callback.__doc__
        assert f"sarcoma-review {command.callback.__name__}" in readme


def test_the_sample_s_deck_is_written_for_each_use_and_keeps_what_came_after_until_asked(
    run: Any, tmp_path: Path
) -> None:
    Path("sample_dicom").symlink_to(SAMPLE.parent)  # as where it is shipped: made anew, it takes half a minute
    for name, *asked in (("closed.html",), ("open.html", "--reveal"), ("slides.pptx",)):
        assert run("deck", "--demo", "--out", tmp_path / name, *asked).code == 0
    closed, opened = ((tmp_path / name).read_text(encoding="utf-8") for name in ("closed.html", "open.html"))
    assert "Your own opinion, first" in closed
    assert "What was done" not in closed
    assert "What was done" in opened
    assert (tmp_path / "slides.pptx").read_bytes()[:2] == b"PK"


def test_a_deck_of_no_known_ending_or_in_no_folder_is_told_in_one_line(run: Any, tmp_path: Path) -> None:
    result = run("deck", "--demo", "--out", tmp_path / "deck.odp")
    assert result.code == 1
    assert "written as .html, .pptx, .pdf, found '.odp'" in one_line(result)
    result = run("deck", "--out", tmp_path / "deck.html")
    assert result.code == 2
    assert "say --demo" in one_line(result)
    assert list(tmp_path.iterdir()) == []

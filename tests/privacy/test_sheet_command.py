"""A case with plain films, from refusal to an opened study, by the command line alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from sarcoma_review import cli
from sarcoma_review.dicom import open_study
from sarcoma_review.privacy import pictures
from sarcoma_review.privacy.blanking import TextLine
from sarcoma_review.privacy.receipt import AUDIT_NAMES
from tests.privacy.case import NAME, ct, save
from tests.privacy.phantom_head import AXIAL, acquired, body, head
from tests.privacy.picture import SHAPE, film, grey
from tests.privacy.test_heads import slices

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Call the command line in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["sarcoma-review", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        assert NAME not in said.out + said.err
        return int(end.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Five slices, and two films of which the first bears a name and a marker of the side."""
    for number, ds in enumerate(slices(acquired(body(85.0, 85.0), AXIAL))[:5], 1):
        save(ds, tmp_path / "in" / f"{number:04d}.dcm")
    save(film(number=8), tmp_path / "in" / "0008.dcm")
    save(film(grey(("R", 100, 20)), number=9), tmp_path / "in" / "0009.dcm")
    return tmp_path / "in"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that finds one line in every film and none in slices, at once."""
    line = TextLine((10, 5, 32, 150), "", is_marker=False)
    monkeypatch.setattr(pictures, "find_text", lambda image, **_named: [line] if image.shape == SHAPE else [])


def codes_of(ds: Dataset) -> set[str]:
    return {item.CodeValue for item in ds.DeidentificationMethodCodeSequence}


def test_films_are_refused_then_looked_at_signed_released_and_opened(run: Run, archive: Path) -> None:
    code, out, _ = run("deidentify", "in", "without", "--key-file", "key")
    assert (code, "2 x withheld: a kind of picture that habitually carries text (DX)" in out) == (1, True)
    assert run("sheet", "in", "--out", "pages")[1].startswith("2 picture(s) on 1 page(s)")
    signed = run("sheet", "in", "--out", "pages", "--sign", "radiographer", "--signature", "signature.json")
    assert signed[:2] == (0, "2 picture(s) signed by a radiographer\n")
    assert run("deidentify", "in", "case", "--key-file", "key", "--signature", "signature.json")[0] == 0
    assert run("check", "case")[0] == 0
    study = open_study(archive.parent / "case")
    assert [one.modality for one in study.projections] == ["DX", "DX"]
    assert study.clearance == "receipt"


@pytest.mark.usefixtures("quick")
def test_clean_pixel_data_is_claimed_for_the_signed_films_alone(run: Run, archive: Path) -> None:
    run("sheet", "in", "--out", "pages")
    run("sheet", "in", "--out", "pages", "--sign", "radiographer", "--signature", "signature.json")
    run("deidentify", "in", "case", "--key-file", "key", "--signature", "signature.json")
    written = [dcmread(path) for path in (archive.parent / "case").rglob("*.dcm")]
    assert [ds.Modality == "DX" for ds in written].count(True) == 2
    assert all(("113101" in codes_of(ds)) == (ds.Modality == "DX") for ds in written)
    audit = (archive.parent / "case" / AUDIT_NAMES[1]).read_text()
    assert "<td>radiographer</td>" in audit


@pytest.mark.usefixtures("quick")
def test_a_claim_without_a_signature_does_not_pass_the_gate(run: Run, archive: Path) -> None:
    run("sheet", "in", "--out", "pages")
    run("sheet", "in", "--out", "pages", "--sign", "radiographer", "--signature", "signature.json")
    run("deidentify", "in", "case", "--key-file", "key", "--signature", "signature.json")
    for path in (archive.parent / "case").glob("deidentification_*"):
        path.unlink()
    code, out, _ = run("check", "case")
    assert (code, out.count("habitually carries text (DX)")) == (1, 2)


@pytest.mark.usefixtures("quick")
def test_a_file_changed_after_the_signature_is_withheld(run: Run, archive: Path) -> None:
    run("sheet", "in", "--out", "pages")
    run("sheet", "in", "--out", "pages", "--sign", "surgeon", "--signature", "signature.json")
    save(film(grey((f"{NAME} Una", 60, 40)), number=9), archive / "0009.dcm")
    code, out, _ = run("deidentify", "in", "case", "--key-file", "key", "--signature", "signature.json")
    assert (code, out.count("1 x withheld")) == (1, 1)
    assert [one.modality for one in open_study(archive.parent / "case").projections] == ["DX"]


@pytest.mark.usefixtures("quick")
def test_pages_that_were_not_written_or_show_other_pictures_are_not_signed(run: Run, archive: Path) -> None:
    sign = ("sheet", "in", "--out", "pages", "--sign", "surgeon", "--signature", "signature.json")
    assert (run(*sign)[0], (archive.parent / "signature.json").exists()) == (1, False)
    run("sheet", "in", "--out", "pages")
    save(film(grey(("another", 60, 40)), number=9), archive / "0009.dcm")
    code, _, err = run(*sign)
    assert (code, "the pages are not those of these pictures" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--out", "in/pages"), 1, "may not lie among the images"),
        (("--out", "pages", "--sign", "surgeon"), 2, "go together"),
        (("--out", "pages", "--sign", "Dr Brambleby", "--signature", "s"), 1, "a role and never a person"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_a_sheet_that_cannot_be_gives_one_line(
    run: Run, archive: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = run("sheet", str(archive), *arguments)
    assert (found, said in err, err.count("\n")) == (code, True, 1)


@pytest.mark.usefixtures("quick")
def test_a_head_is_told_of_and_signed_for(run: Run, tmp_path: Path) -> None:
    for number, ds in enumerate(slices(acquired(head, AXIAL)), 1):
        save(ds, tmp_path / "in" / f"{number:04d}.dcm")
    _, out, _ = run("deidentify", "in", "first", "--key-file", "key")
    assert "CT-1: a head may be in view, export is closed" in out
    _, out, _ = run("deidentify", "in", "case", "--key-file", "key", "--heads-signed", "radiologist")
    assert "heads signed for by a radiologist: 60 image(s)" in out
    assert open_study(tmp_path / "case").volumes[0].head == ""


def test_heads_are_not_signed_for_by_a_name_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    save(ct(), tmp_path / "in" / "0001.dcm")
    code, _, err = run("deidentify", "in", "case", "--key-file", "key", "--heads-signed", "Dr Brambleby")
    assert (code, "a role and never a person" in err, (tmp_path / "case").exists()) == (1, True, False)

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread

import sarcoma_review as sr
from sarcoma_review.dicom import source_images
from sarcoma_review.errors import GeometryError
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import Outliner, Viewer
from sarcoma_review.widgets.measure import measure_angle, measure_length, measure_region, pin_note
from sarcoma_review.widgets.saving import reported, seg_saver

AFFINE = np.diag([3.0, 1.0, 1.0, 1.0])
CT = Volume(np.random.default_rng(1).integers(0, 90, (6, 30, 30)).astype(np.int16), AFFINE, modality="CT", units="HU")
SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "distal_femur_osteosarcoma"


@pytest.fixture(scope="module")
def scanned() -> tuple[Volume, list[Dataset]]:
    """The sample patient's CT, and the headers of its images."""
    index = sr.dicom.scan(SAMPLE)
    [series] = [entry for entry in index.series.values() if entry.modality == "CT"]
    [spec] = series.volumes()
    ct = spec.load()
    return ct, source_images(index, ct)


def measured() -> list[Any]:
    return [
        measure_length(CT, [(3, 5, 5), (3, 8, 9)]),
        measure_angle(CT, [(3, 5, 5), (3, 5, 9), (3, 9, 9)]),
        measure_region(CT, "ellipse", [(6, 15, 15), (0, 5, 0), (0, 0, 4)]),
        pin_note((3, 4, 5), "vessels"),
    ]


def test_measurements_are_there_again_when_the_viewer_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "marks.json"
    viewer = Viewer(CT, measured=file)
    viewer.measurements = measured()
    assert Viewer(CT, measured=file).measurements == tuple(measured())
    viewer._handle_custom_msg({"t": "unmark", "page": "a", "n": 2}, [])
    assert [one.kind for one in Viewer(CT, measured=file).measurements] == ["length", "ellipse", "note"]


def test_measurements_of_another_image_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "marks.json"
    Viewer(CT, measured=file).measurements = measured()
    with pytest.raises(GeometryError, match="begun on another image"):
        Viewer(Volume(CT.array + np.int16(1), AFFINE), measured=file)
    file.write_text("{}")
    with pytest.raises(GeometryError, match="holds no measurements"):
        Viewer(CT, measured=file)


def test_a_page_is_told_where_a_measurement_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Viewer(CT, measured=tmp_path / "gone" / "marks.json")
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(viewer, "send", lambda words, *_buffers: heard.append(words))
    mark = {"kind": "length", "image": "first", "points": [[3, 5, 5], [3, 8, 9]]}
    viewer._handle_custom_msg({"t": "mark", "page": "a", "n": 1, "mark": mark}, [])
    assert [one["t"] for one in heard] == ["marks", "said"]
    assert "not saved: No such file" in heard[1]["words"]


def test_an_outliner_keeps_its_measurements_beside_its_journal(tmp_path: Path) -> None:
    outliner = Outliner(CT, autosave=tmp_path / "outline.jsonl")
    outliner.measurements = measured()
    assert {file.name for file in tmp_path.iterdir()} == {"outline.jsonl", "outline.marks.json"}
    assert Outliner(CT, autosave=tmp_path / "outline.jsonl").measurements == tuple(measured())


def test_an_outline_is_saved_as_a_segmentation_that_reads_back(
    tmp_path: Path, scanned: tuple[Volume, list[Dataset]]
) -> None:
    ct, images = scanned
    mask = np.zeros(ct.shape, bool)
    mask[80:84, 90:100, 90:110] = True
    file = tmp_path / "outline.dcm"
    said = seg_saver(images, file)((Segment("tumour", Volume(mask, ct.affine)),))
    assert said == "outline.dcm, 1 segment as DICOM SEG"
    [segment] = sr.dicom.read_seg(file, onto=ct)
    assert segment.name == "tumour"
    np.testing.assert_array_equal(segment.mask.array, mask)


def test_measurements_reach_a_structured_report(tmp_path: Path, scanned: tuple[Volume, list[Dataset]]) -> None:
    ct, images = scanned
    ends = [ct.position_mm((80, 90, 90)), ct.position_mm((80, 90, 100))]
    length = measure_length(ct, ends)
    report = sr.dicom.write_sr(images=images, drawn=reported([length, pin_note(ends[0], "vessels")]))
    report.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    elements = list(dcmread(tmp_path / "report.dcm").iterall())
    numbers = [float(element.value) for element in elements if element.keyword == "NumericValue"]
    assert numbers[0] == pytest.approx(length.length_mm)

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from sarcoma_review.dicom import (
    drawn_angle,
    drawn_length,
    drawn_region,
    open_study,
    source_images,
    write_gsps,
    write_kos,
    write_pdf,
    write_rtstruct,
    write_seg,
    write_sr,
)
from sarcoma_review.dicom.measured import Drawn
from sarcoma_review.dicom.new_object import own_uid
from sarcoma_review.errors import DicomError, GeometryError, ReferenceNotFoundError
from sarcoma_review.planning import MarginReport, Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.privacy import check, deidentify
from sarcoma_review.privacy.text import PURPOSE
from sarcoma_review.volume import Volume
from tests.conftest import require
from tests.dicom.outlined import AFFINE, faults, images, outlined, segment
from tests.dicom.series import save

PLANES = [
    Plane((0, 0, 20.0), (0, 0, 1), name="proximal"),
    Plane((-7.0, 0, 0), (1, 0, 0.1), name="medial"),
    Plane((-9.0, 0, 0), (1, 0, 0), name="lateral", patch_mm=[(-9, 6, 2), (-9, 8, 2), (-9, 8, 7), (-9, 6, 7)]),
]
CIRCLE = [(-7.0, 7.0, 6.0), (1.0, 0.0, 0.0), (0.0, 2.0, 0.0)]


@pytest.fixture(scope="module")
def margins() -> MarginReport:
    mask = np.zeros((5, 7, 9), bool)
    mask[1:4, 2:5, 2:7] = True
    planes = [Plane((0, 0, 20.0), (0, 0, 1), name="proximal"), Plane((0, 15.0, 0), (0, 1, 0), name="posterior")]
    return resection_margins(TumourSurface.from_mask(Volume(mask, AFFINE, "2.25.3")), ResectionPlan(planes=planes))


def drawn() -> list[Drawn]:
    values = {"mean": 40.5, "sd": 3.25, "minimum": 1.0, "maximum": 90.0}
    return [
        drawn_length([(-7.0, 6.0, 3.0), (-4.0, 10.0, 3.0)], 5.0, sd_mm=0.4),
        drawn_angle([(-6.0, 6.0, 3.0), (-7.0, 6.0, 3.0), (-7.0, 8.0, 3.0)], 90.0, sd_deg=2.0),
        drawn_region("ellipse", CIRCLE, area_mm2=6.28, values=values, units="HU"),
        drawn_region("rectangle", CIRCLE, area_mm2=8.0, values={"maximum": 4.5}, units="SUVbw"),
    ]


def report(slices: list[Dataset], margins: MarginReport) -> Dataset:
    _, _, segments = outlined()
    seg = write_seg(segments, images=slices)
    return write_sr(images=slices, margins=margins, segments=segments, segmentation=seg, drawn=drawn())


def read_elsewhere(dataset: Dataset, path: Path) -> list[str]:
    """The lines in which dcmtk shows a report."""
    require(shutil.which("dsrdump") is not None, "dsrdump (package dcmtk)")
    dataset.save_as(path, enforce_file_format=True)
    said = subprocess.run(["dsrdump", "+Pl", str(path)], capture_output=True, text=True, check=True)
    return [line.strip() for line in said.stdout.splitlines()]


@pytest.mark.servers
@pytest.mark.parametrize("kind", ["SR", "KOS", "GSPS", "PDF"])
def test_every_report_is_valid_dicom(tmp_path: Path, kind: str, margins: MarginReport) -> None:
    slices, volume, segments = outlined()
    made = {
        "SR": lambda: report(slices, margins),
        "KOS": lambda: write_kos(slices[1:3], note="tumour and femur"),
        "GSPS": lambda: write_gsps(segments, PLANES, images=slices, grid=volume.grid),
        "PDF": lambda: write_pdf(b"%PDF-1.7 and so on", image=slices[0], title="summary"),
    }
    assert faults(made[kind](), tmp_path / "object.dcm") == []


@pytest.mark.servers
def test_another_program_reads_margins_with_their_intervals(tmp_path: Path, margins: MarginReport) -> None:
    lines = read_elsewhere(report(images(), margins), tmp_path / "sr.dcm")
    start = lines.index('<has obs context TEXT:(,,"Tracking Identifier")="proximal">')
    (proximal,) = [row for row in margins.planes if row.name == "proximal"]
    low, high = proximal.interval_mm
    shown = [line for line in lines[start : start + 11] if "mm,UCUM" in line]
    numbers = [float(line.split('="')[1].split('"')[0]) for line in shown]
    assert numbers == pytest.approx(
        [proximal.margin_mm, proximal.margin_mm - low, high - proximal.margin_mm], abs=1e-4
    )
    assert ["Surgical margin" in shown[0], "lower" in shown[1], "upper" in shown[2]] == [True] * 3


@pytest.mark.servers
def test_another_program_reads_volumes_and_what_was_drawn(tmp_path: Path, margins: MarginReport) -> None:
    lines = "\n".join(read_elsewhere(report(images(), margins), tmp_path / "sr.dcm"))
    _, _, segments = outlined()
    for said in (
        f'"Volume")="{segments[1].volume_ml:.4f}" (ml,UCUM,"ml")',
        '"Length")="5" (mm,UCUM,"mm")',
        '"Angle")="90" (deg,UCUM,"Degree")',
        '"Attenuation Coefficient")="40.5" ([hnsf\'U],UCUM,"Hounsfield unit")',
        '"Area")="6.28" (mm2,UCUM,"square millimeter")',
        '"SUVbw")="4.5" (g/ml,UCUM,"g/ml")',
        f'"Comment")="{PURPOSE}"',
        '"Algorithm Name")="margin from surface to plane"',
    ):
        assert said in lines


def test_an_ellipse_is_given_by_the_ends_of_its_axes_the_longer_first() -> None:
    region = drawn_region("ellipse", CIRCLE, area_mm2=6.28, values={}, units="")
    assert region.points_mm == ((-7, 5, 6), (-7, 9, 6), (-8, 7, 6), (-6, 7, 6))


def test_a_selection_names_its_images_in_their_order() -> None:
    slices = images()
    kos = write_kos([slices[3], slices[1]], note="tumour")
    shown = [item.ReferencedSOPSequence[0] for item in kos.ContentSequence if item.ValueType == "IMAGE"]
    assert [item.ReferencedSOPInstanceUID for item in shown] == [slices[k].SOPInstanceUID for k in (3, 1)]


def graphics(dataset: Dataset, image: Dataset, layer: str) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Lines drawn on an image in a layer: columns and rows, counted from the corner of the first pixel."""
    return [
        np.reshape(line.GraphicData, (-1, 2)).astype(float)
        for item in dataset.GraphicAnnotationSequence
        if item.GraphicLayer == layer
        and item.ReferencedImageSequence[0].ReferencedSOPInstanceUID == image.SOPInstanceUID
        for line in item.GraphicObjectSequence
    ]


def test_outlines_run_round_their_pixels() -> None:
    mask = np.zeros((5, 7, 9), bool)
    mask[2, 3, 4] = True
    slices = images()
    dataset = write_gsps([segment("tumour", mask)], images=slices, grid=Volume(mask, AFFINE).grid)
    (line,) = graphics(dataset, slices[2], "OUTLINE1")
    assert np.allclose(line[0], line[-1])
    assert {tuple(corner) for corner in line.tolist()} == {(4.5, 3.0), (5.0, 3.5), (4.5, 4.0), (4.0, 3.5)}
    assert dataset.GraphicLayerSequence[0].GraphicLayerDescription == "tumour"


def test_a_plane_is_drawn_where_it_cuts_the_image_and_ends_with_its_patch() -> None:
    slices = images()
    dataset = write_gsps((), PLANES, images=slices, grid=Volume(np.zeros((5, 7, 9)), AFFINE).grid)
    assert graphics(dataset, slices[1], "OUTLINE1") == []  # along the slices
    (medial,) = graphics(dataset, slices[1], "OUTLINE2")
    assert np.allclose(sorted(medial[:, 1]), (0, 7))  # from edge to edge, at x = -7.3 mm
    assert np.allclose(medial[:, 0], (-7.3 + 10.3) / 0.8 + 0.5, atol=2e-3)
    (lateral,) = graphics(dataset, slices[1], "OUTLINE3")
    assert np.allclose(sorted(lateral[:, 1]), ((6 - 5.2) / 0.7 + 0.5, (8 - 5.2) / 0.7 + 0.5), atol=2e-3)
    assert graphics(dataset, slices[3], "OUTLINE3") == []  # beyond the patch


def test_a_pdf_comes_out_as_it_went_in(tmp_path: Path) -> None:
    write_pdf(b"%PDF-1.7 odd", image=images()[0], title="summary").save_as(tmp_path / "a", enforce_file_format=True)
    back = dcmread(tmp_path / "a")
    assert back.EncapsulatedDocument[: back.EncapsulatedDocumentLength] == b"%PDF-1.7 odd"
    with pytest.raises(DicomError, match="expected a PDF, found 5 bytes"):
        write_pdf(b"hello", image=images()[0], title="summary")


def test_what_has_no_content_is_refused(margins: MarginReport) -> None:
    slices, volume, segments = outlined()
    with pytest.raises(DicomError, match="a measurement, found not anything measured"):
        write_sr(images=slices)
    with pytest.raises(ReferenceNotFoundError, match="expected the images that were measured, found none"):
        write_sr(images=[], margins=margins)
    with pytest.raises(ReferenceNotFoundError, match=r"expected a segmentation of 1 segment\(s\), found 2"):
        write_sr(images=slices, segments=segments[:1], segmentation=write_seg(segments, images=slices))
    with pytest.raises(ReferenceNotFoundError, match="found 0 images of 0 studies"):
        write_kos([])
    with pytest.raises(DicomError, match="expected something to draw on 5 images"):
        write_gsps((), PLANES[:1], images=slices, grid=volume.grid)
    with pytest.raises(ReferenceNotFoundError, match="expected an image for each of 5 slices, found 4 images"):
        write_gsps((), PLANES, images=slices[:4], grid=volume.grid)
    with pytest.raises(GeometryError, match="order the images as the slices"):
        write_gsps((), PLANES, images=slices[::-1], grid=volume.grid)
    with pytest.raises(DicomError, match="expected an ellipse or a rectangle"):
        drawn_region("star", CIRCLE, area_mm2=1.0, values={}, units="HU")


def test_the_same_content_gives_the_same_identifiers(margins: MarginReport) -> None:
    slices = images()
    assert report(slices, margins) == report(slices, margins)
    other = write_sr(
        images=slices, margins=margins, uids=("2.25.8", "2.25.9"), extra={"SeriesDescription": "margins"}
    )
    assert (other.SeriesInstanceUID, other.SOPInstanceUID, other.SeriesDescription) == ("2.25.8", "2.25.9", "margins")
    assert own_uid("a", "bc") != own_uid("ab", "c")


def test_a_study_with_everything_that_is_written_opens(tmp_path: Path, margins: MarginReport) -> None:
    slices, _, drawn_on = outlined()
    deidentify(save(slices, tmp_path / "hospital"), tmp_path / "study", key_file=tmp_path / "case.key")
    study = open_study(tmp_path / "study")
    (volume,) = study.volumes
    here = source_images(study.index, volume)
    segments = [segment(each.name, each.mask.array) for each in drawn_on]
    seg = write_seg(segments, images=here)
    objects = [
        seg,
        write_rtstruct(segments, images=here),
        write_sr(images=here, margins=margins, segments=segments, segmentation=seg, drawn=drawn()),
        write_kos(here[1:3], note="tumour margin"),
        write_gsps(segments, PLANES, images=here, grid=volume.grid),
    ]
    for dataset in objects:
        dataset.save_as(tmp_path / "study" / f"{dataset.Modality}.dcm", enforce_file_format=True)
    # The receipt speaks of the files that the de-identifier wrote, and of no others.
    (tmp_path / "study" / "deidentification_receipt.json").unlink()
    assert check(tmp_path / "study").faults == ()
    again = open_study(tmp_path / "study")
    assert sorted(each.name for each in again.segments) == ["femur", "femur", "tumour", "tumour"]
    for each in again.segments:
        (truth,) = [one.mask.array for one in drawn_on if one.name == each.name]
        assert np.array_equal(each.mask.array, truth)

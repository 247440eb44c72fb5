import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from sarcoma_review.dicom import read_rtstruct, read_seg, scan, write_seg
from sarcoma_review.errors import DicomError, EmptyMaskError, GeometryError, ReferenceNotFoundError
from sarcoma_review.volume import Segment, Volume
from tests.conftest import require
from tests.dicom.series import image

SQUARE: list[tuple[float, float]] = [(2, 2), (2, 6), (5, 6), (5, 2)]


def volume_in(folder: Path) -> Volume:
    (spec,) = next(iter(scan(folder).series.values())).volumes()
    return spec.load()


def on_grid_of(volume: Volume, other: sitk.Image) -> NDArray[np.bool_]:
    """Another program's mask, put on a volume's grid by patient position."""
    set_at = np.argwhere(sitk.GetArrayFromImage(other) > 0)
    places = [other.TransformIndexToPhysicalPoint([int(n) for n in index[::-1]]) for index in set_at]
    mask = np.zeros(volume.shape, bool)
    mask[tuple(np.round(volume.index(np.array(places))).astype(int).T)] = True
    return mask


def structure_set(contours: list[list[tuple[float, float, float]]], frame: str = "2.25.3") -> Dataset:
    dataset, roi, region = Dataset(), Dataset(), Dataset()
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT"
    roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = 1, "tumour", frame
    region.ReferencedROINumber = 1
    region.ContourSequence = []
    for points in contours:
        contour = Dataset()
        contour.ContourGeometricType = "CLOSED_PLANAR"
        contour.ContourData = [float(mm) for point in points for mm in point]
        region.ContourSequence.append(contour)
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [roi], [region]
    return dataset


def flat(z: float, corners: list[tuple[float, float]] = SQUARE) -> list[tuple[float, float, float]]:
    return [(x - 0.5, y - 0.5, z) for y, x in corners]


@pytest.fixture
def blank() -> Volume:
    return Volume(np.zeros((4, 8, 9)), np.array([[0, 0, 1, 0], [0, 1, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1.0]]), "2.25.3")


@pytest.mark.real_data
@pytest.mark.parametrize("patient", ["ibsi_STS_002", "ibsi_STS_025"])
@pytest.mark.parametrize("kind", ["CT", "MR_T1", "PET"])
def test_structure_sets_of_real_patients_agree_voxel_for_voxel_with_another_program(
    shared: Path, patient: str, kind: str
) -> None:
    folder = shared / "dicom" / patient
    volume = volume_in(folder / "dicom" / kind / "image")
    (segment,) = read_rtstruct(next((folder / "dicom" / kind / "mask").iterdir()), onto=volume)
    (reference,) = [path for path in folder.glob("nifti/**/*mask*") if kind in str(path)]
    assert np.array_equal(segment.mask.array, on_grid_of(volume, sitk.ReadImage(reference)))


@pytest.mark.real_data
@pytest.mark.parametrize("size", ["23x38x3", "24x38x3"])
def test_a_segmentation_with_odd_widths_agrees_with_another_program(shared: Path, size: str) -> None:
    folder = shared / "dicom/dcmqi/segmentations" / size
    volume = volume_in(folder / "image")
    segments = read_seg(folder / "seg/label.seg", onto=volume)
    truth = on_grid_of(volume, sitk.ReadImage(folder / "nrrd/label.nrrd"))
    assert truth.any()
    assert np.array_equal(np.any([segment.mask.array for segment in segments], axis=0), truth)


def test_a_contour_covers_the_voxels_whose_centres_it_holds(blank: Volume) -> None:
    (segment,) = read_rtstruct(structure_set([flat(3.0)]), onto=blank)
    expected = np.zeros(blank.shape, bool)
    expected[1, 2:5, 2:6] = True
    assert np.array_equal(segment.mask.array, expected)


def test_a_contour_within_another_is_a_hole(blank: Volume) -> None:
    (segment,) = read_rtstruct(structure_set([flat(3), flat(3, [(3, 3), (3, 5), (4, 5), (4, 3)])]), onto=blank)
    assert segment.mask.array[1].sum() == 3 * 4 - 1 * 2
    assert not segment.mask.array[1, 3, 3:5].any()


def test_contours_off_the_slices_are_named_and_left_out(blank: Volume) -> None:
    (segment,) = read_rtstruct(structure_set([flat(3), flat(4.5), flat(99)]), onto=blank)
    assert segment.findings == ("2 contour(s) do not lie on a slice of the volume and were left out",)


def test_a_region_that_covers_nothing_is_refused(blank: Volume) -> None:
    with pytest.raises(EmptyMaskError, match=r"region 'tumour': none of its 1 contour\(s\) covers a voxel"):
        read_rtstruct(structure_set([flat(99)]), onto=blank)


def test_an_outline_of_another_space_is_refused(blank: Volume) -> None:
    with pytest.raises(GeometryError, match="structure set and volume: expected one frame of reference"):
        read_rtstruct(structure_set([flat(3)], frame="2.25.99"), onto=blank)


def test_an_object_of_another_kind_is_refused(blank: Volume) -> None:
    with pytest.raises(DicomError, match="expected a DICOM RTSTRUCT object, found modality CT"):
        read_rtstruct(image((0, 0, 0), 0), onto=blank)
    with pytest.raises(DicomError, match="expected a DICOM SEG object"):
        read_seg(image((0, 0, 0), 0), onto=blank)


def outlined() -> tuple[list[Dataset], Volume, list[Segment]]:
    patient = {"PatientName": "", "PatientID": "x", "PatientBirthDate": "", "PatientSex": "", "StudyDate": ""}
    study = {"StudyTime": "", "AccessionNumber": "", "StudyID": "", "ReferringPhysicianName": "", "SeriesNumber": 1}
    images = [image((0, 0, 3 * k), k, **patient, **study, SliceThickness=3) for k in range(5)]
    affine = np.array([[0, 0, 0.8, 0], [0, 0.7, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1.0]])
    volume = Volume(np.zeros((5, 7, 9)), affine, "2.25.3")
    rng = np.random.default_rng(0)
    masks = rng.random((2, 5, 7, 9)) < 0.3
    masks[:, 1] = masks[:, 4] = False
    names = ("tumour", "femur")
    return images, volume, [Segment(n, Volume(m, affine, "2.25.3")) for n, m in zip(names, masks, strict=True)]


def write(images: list[Dataset], segments: list[Segment]) -> Dataset:
    when = {"ContentDate": "20240101", "ContentTime": "101010"}
    return write_seg(segments, images=images, uids=("2.25.8", "2.25.9"), extra=when)


def test_what_is_written_reads_back_with_empty_slices_and_overlap(tmp_path: Path) -> None:
    images, volume, segments = outlined()
    write(images, segments).save_as(tmp_path / "seg.dcm")
    back = read_seg(tmp_path / "seg.dcm", onto=volume)
    assert [segment.name for segment in back] == ["tumour", "femur"]
    for before, after in zip(segments, back, strict=True):
        assert np.array_equal(before.mask.array, after.mask.array)


@pytest.mark.servers
def test_what_is_written_is_valid_dicom(tmp_path: Path) -> None:
    require(shutil.which("dciodvfy") is not None, "dciodvfy (package dicom3tools)")
    images, _, segments = outlined()
    write(images, segments).save_as(tmp_path / "seg.dcm")
    said = subprocess.run(["dciodvfy", str(tmp_path / "seg.dcm")], capture_output=True, text=True, check=False)
    assert [line for line in said.stderr.splitlines() if line.startswith("Error")] == []


def test_a_segmentation_on_other_voxels_is_refused(tmp_path: Path) -> None:
    images, volume, segments = outlined()
    shifted = volume.affine.copy()
    shifted[0, 3] += 0.3
    write(images, segments).save_as(tmp_path / "seg.dcm")
    with pytest.raises(GeometryError, match=r"segment 1: its voxels are .* and not those of the volume"):
        read_seg(dcmread(tmp_path / "seg.dcm"), onto=Volume(volume.array, shifted, "2.25.3"))


def test_masks_and_images_must_match_in_number() -> None:
    images, _, segments = outlined()
    with pytest.raises(ReferenceNotFoundError, match=r"masks have \[5\] slices, found 4 images"):
        write(images[:4], segments)

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from sarcoma_review.dicom import read_rtstruct, read_seg, scan, write_rtstruct, write_seg
from sarcoma_review.errors import (
    DicomError,
    EmptyMaskError,
    GeometryError,
    ReferenceNotFoundError,
    SarcomaReviewError,
    UnsupportedError,
)
from sarcoma_review.volume import Segment, Volume
from tests.dicom.outlined import faults, outlined, segment
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
@pytest.mark.parametrize("kind", ["binary", "fractional"])
def test_what_is_written_is_valid_dicom(tmp_path: Path, kind: Literal["binary", "fractional"]) -> None:
    images, _, segments = outlined()
    assert faults(write_seg(segments, images=images, kind=kind), tmp_path / "seg.dcm") == []


def test_probabilities_come_back_in_steps_of_one_in_255(tmp_path: Path) -> None:
    images, volume, _ = outlined()
    shares = np.random.default_rng(1).integers(0, 256, (2, 5, 7, 9)).astype(np.float32) / 255
    shares[:, 2] = 0
    segments = [segment(name, share) for name, share in zip(("tumour", "femur"), shares, strict=True)]
    write_seg(segments, images=images, kind="fractional").save_as(tmp_path / "seg.dcm")
    back = read_seg(tmp_path / "seg.dcm", onto=volume)
    assert np.array_equal([each.mask.array for each in back], shares)
    assert back[0].mask.array.dtype == np.float32


def test_a_label_map_comes_back(tmp_path: Path) -> None:
    images, volume, (tumour, femur) = outlined()
    apart = [tumour, segment("femur", femur.mask.array & ~tumour.mask.array)]
    write_seg(apart, images=images, kind="labelmap").save_as(tmp_path / "seg.dcm")
    back = read_seg(tmp_path / "seg.dcm", onto=volume)
    assert [each.name for each in back] == ["tumour", "femur"]
    assert np.array_equal([each.mask.array for each in back], [each.mask.array for each in apart])


def test_a_segment_without_voxels_stays_a_segment(tmp_path: Path) -> None:
    images, volume, segments = outlined()
    blank = segment("fibula", np.zeros(volume.shape, bool))
    write_seg([segments[0], blank], images=images).save_as(tmp_path / "seg.dcm")
    back = read_seg(tmp_path / "seg.dcm", onto=volume)
    assert [each.name for each in back] == ["tumour", "fibula"]
    assert np.array_equal(back[0].mask.array, segments[0].mask.array)
    assert not back[1].mask.array.any()


@pytest.mark.parametrize("kind", ["binary", "RTSTRUCT"])
def test_a_file_cut_short_or_broken_gives_a_typed_error_or_segments(tmp_path: Path, kind: str) -> None:
    images, volume, segments = outlined()
    structures = kind == "RTSTRUCT"
    read = read_rtstruct if structures else read_seg
    dataset = write_rtstruct(segments, images=images) if structures else write_seg(segments, images=images)
    dataset.save_as(tmp_path / "whole", enforce_file_format=True)
    whole, rng, refused = (tmp_path / "whole").read_bytes(), np.random.default_rng(4), 0
    for at in rng.integers(0, len(whole), 60).tolist():
        broken = bytearray(whole)
        broken[at] ^= 1 << int(rng.integers(8))
        for content in (whole[:at], bytes(broken)):
            (tmp_path / "broken").write_bytes(content)
            try:
                read(tmp_path / "broken", onto=volume)
            except SarcomaReviewError:
                refused += 1
    assert refused >= 30


def test_what_a_kind_of_segmentation_cannot_hold_is_refused() -> None:
    images, volume, segments = outlined()
    shares = segment("skin", np.full(volume.shape, 0.5, np.float32))
    with pytest.raises(DicomError, match="whole voxels in a binary segmentation, found fractions in 'skin'"):
        write_seg([shares], images=images)
    with pytest.raises(DicomError, match=r"one segment for each voxel, found several in \d+ voxel"):
        write_seg(segments, images=images, kind="labelmap")


def test_the_same_segments_give_the_same_bytes(tmp_path: Path) -> None:
    images, _, segments = outlined()
    for name in "ab":
        write_seg(segments, images=images).save_as(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_segmentation_of_absent_images_is_refused() -> None:
    images, volume, segments = outlined()
    seg = write_seg(segments, images=images)
    uids = [str(image.SOPInstanceUID) for image in images]
    known = Volume(volume.array, volume.affine, "2.25.3", slice_uids=tuple(uids))
    assert len(read_seg(seg, onto=known)) == 2
    one_gone = Volume(volume.array, volume.affine, "2.25.3", slice_uids=("2.25.77", *uids[1:]))
    with pytest.raises(ReferenceNotFoundError, match=r"segmentation: .* found 2 of 6 place\(s\) drawn on images"):
        read_seg(seg, onto=one_gone)


def test_segments_must_lie_on_their_images() -> None:
    images, _, segments = outlined()
    with pytest.raises(GeometryError, match=r"one lies 12\.0 mm off: order the images"):
        write_seg(segments, images=images[::-1])
    for each in images:
        each.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
    with pytest.raises(GeometryError, match=r"one lies 12\.8 mm off"):
        write_seg(segments, images=images)
    images[0].NumberOfFrames = 5
    with pytest.raises(UnsupportedError, match="found an enhanced multi-frame object"):
        write_seg(segments, images=images)


def test_segments_of_one_object_lie_on_one_grid() -> None:
    images, volume, segments = outlined()
    finer = Segment("skin", Volume(segments[0].mask.array, volume.affine @ np.diag([1, 0.5, 1, 1]), "2.25.3"))
    with pytest.raises(GeometryError, match="expected segments on one grid, found several"):
        write_seg([segments[0], finer], images=images)


def test_a_segmentation_on_other_voxels_is_refused(tmp_path: Path) -> None:
    images, volume, segments = outlined()
    shifted = volume.affine.copy()
    shifted[0, 3] += 0.3
    write(images, segments).save_as(tmp_path / "seg.dcm")
    with pytest.raises(GeometryError, match=r"segment 1: its voxels are .* and not those of the volume"):
        read_seg(dcmread(tmp_path / "seg.dcm"), onto=Volume(volume.array, shifted, "2.25.3"))


def test_masks_and_images_must_match_in_number() -> None:
    images, _, segments = outlined()
    with pytest.raises(ReferenceNotFoundError, match="for each of 5 slices, found 4 images"):
        write(images[:4], segments)

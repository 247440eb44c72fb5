import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_review.dicom import read_mask, write_mask
from sarcoma_review.errors import DicomError, EmptyMaskError, GeometryError, UnsupportedError
from sarcoma_review.volume import Segment, Volume


def oblique(shape: tuple[int, int, int] = (6, 7, 8)) -> Volume:
    """A volume that lies askew, with another spacing along each axis."""
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3] = turn * np.sign(np.linalg.det(turn)) * (2.5, 0.7, 0.9)
    affine[:3, 3] = (-120.5, 33.25, 810.0)
    return Volume(np.zeros(shape, np.int16), affine, "2.25.3")


def labels_on(volume: Volume, count: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, count + 1, volume.shape).astype(np.uint8)


def written(volume: Volume, values: NDArray[np.generic], path: Path) -> Path:
    """A file as SimpleITK writes it."""
    image = sitk.GetImageFromArray(values)
    cosines = volume.affine[:3, :3] / np.array(volume.spacing_mm)
    image.SetSpacing([float(mm) for mm in volume.spacing_mm[::-1]])
    image.SetOrigin([float(mm) for mm in volume.affine[:3, 3]])
    image.SetDirection([float(c) for c in cosines[:, ::-1].ravel()])
    sitk.WriteImage(image, path)
    return path


@pytest.mark.parametrize("name", ["mask.nii", "mask.nii.gz", "mask.nrrd"])
def test_labels_of_another_program_land_on_their_voxels(tmp_path: Path, name: str) -> None:
    volume = oblique()
    labels = labels_on(volume)
    segments = read_mask(written(volume, labels, tmp_path / name), onto=volume, names={2: "femur"})
    assert [segment.name for segment in segments] == ["label 1", "femur", "label 3"]
    for value, segment in enumerate(segments, 1):
        assert np.array_equal(segment.mask.array, labels == value)
        assert segment.findings == ("the file names no frame of reference: placed by its coordinates",)


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd"])
def test_a_mask_with_its_axes_turned_about_is_turned_back(tmp_path: Path, name: str) -> None:
    volume = oblique()
    labels = labels_on(volume, 1)
    image = sitk.ReadImage(written(volume, labels, tmp_path / "mask.nrrd"))
    sitk.WriteImage(sitk.PermuteAxes(sitk.Flip(image, [True, False, True]), [2, 0, 1]), tmp_path / name)
    (segment,) = read_mask(tmp_path / name, onto=volume)
    assert np.array_equal(segment.mask.array, labels == 1)


def test_a_part_of_the_volume_is_put_where_it_belongs(tmp_path: Path) -> None:
    volume = oblique()
    labels = labels_on(volume, 1)
    image = sitk.ReadImage(written(volume, labels, tmp_path / "mask.nrrd"))
    sitk.WriteImage(image[2:5, 1:6, 3:5], tmp_path / "part.nii")
    (segment,) = read_mask(tmp_path / "part.nii", onto=volume)
    expected = np.zeros(volume.shape, bool)
    expected[3:5, 1:6, 2:5] = labels[3:5, 1:6, 2:5] == 1
    assert np.array_equal(segment.mask.array, expected)


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd"])
def test_fractions_stay_fractions(tmp_path: Path, name: str) -> None:
    volume = oblique()
    shares = np.random.default_rng(1).random(volume.shape).astype(np.float32)
    (segment,) = read_mask(written(volume, shares, tmp_path / name), onto=volume)
    assert np.array_equal(segment.mask.array, shares)


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd"])
def test_a_mask_on_other_voxels_is_refused(tmp_path: Path, name: str) -> None:
    volume = oblique()
    moved = volume.affine.copy()
    moved[:3, 3] += 0.3
    path = written(Volume(volume.array, moved), labels_on(volume), tmp_path / name)
    with pytest.raises(GeometryError, match=r"segment 'label 1': its voxels are .* expected one grid"):
        read_mask(path, onto=volume)


def slicer_file(path: Path, *, space: str = "left-posterior-superior") -> NDArray[np.uint8]:
    """Two overlapping segments as 3D Slicer keeps them: in layers, with names. Three slices of 2 x 4."""
    layers = np.zeros((3, 2, 4, 2), np.uint8)
    layers[0, 0, :3, 0] = 1
    layers[0, :, 1, 1] = 7
    header = (
        "NRRD0004\n# by hand\ntype: unsigned char\ndimension: 4\n"
        f"space: {space}\nsizes: 2 4 2 3\nspace directions: none (0.9,0,0) (0,0.7,0) (0,0,2.5)\n"
        "kinds: list domain domain domain\nendian: little\nencoding: gzip\nspace origin: (1,2,3)\n"
        "Segment0_Name:=tumour\nSegment0_Layer:=0\nSegment0_LabelValue:=1\n"
        "Segment1_Name:=femur\nSegment1_Layer:=1\nSegment1_LabelValue:=7\n\n"
    )
    path.write_bytes(header.encode() + gzip.compress(layers.tobytes()))
    return layers


def test_segments_of_slicer_keep_names_and_overlap(tmp_path: Path) -> None:
    layers = slicer_file(tmp_path / "outlines.seg.nrrd")
    affine = np.array([[0, 0, 0.9, 1], [0, 0.7, 0, 2], [2.5, 0, 0, 3], [0, 0, 0, 1]])
    tumour, femur = read_mask(tmp_path / "outlines.seg.nrrd", onto=Volume(np.zeros((3, 2, 4)), affine))
    assert (tumour.name, femur.name) == ("tumour", "femur")
    assert np.array_equal(tumour.mask.array, layers[..., 0] == 1)
    assert np.array_equal(femur.mask.array, layers[..., 1] == 7)
    assert (tumour.mask.array & femur.mask.array).sum() == 1


def test_a_space_that_counts_to_the_right_is_turned(tmp_path: Path) -> None:
    layers = slicer_file(tmp_path / "a.seg.nrrd", space="RAS")
    affine = np.array([[0, 0, -0.9, -1], [0, -0.7, 0, -2], [2.5, 0, 0, 3], [0, 0, 0, 1]])
    tumour, _ = read_mask(tmp_path / "a.seg.nrrd", onto=Volume(np.zeros((3, 2, 4)), affine))
    assert np.array_equal(tumour.mask.array, layers[..., 0] == 1)


def test_a_file_that_says_no_place_in_the_patient_is_refused(tmp_path: Path) -> None:
    volume = oblique()
    slicer_file(tmp_path / "a.nrrd", space="scanner-xyz")
    with pytest.raises(GeometryError, match="expected a space of the patient"):
        read_mask(tmp_path / "a.nrrd", onto=volume)
    whole = bytearray(written(volume, labels_on(volume), tmp_path / "b.nii").read_bytes())
    whole[252:256] = bytes(4)
    (tmp_path / "b.nii").write_bytes(whole)
    with pytest.raises(GeometryError, match="expected an sform or a qform, found neither"):
        read_mask(tmp_path / "b.nii", onto=volume)


def test_the_quaternion_serves_where_there_is_no_sform(tmp_path: Path) -> None:
    volume = oblique()
    labels = labels_on(volume, 1)
    whole = bytearray(written(volume, labels, tmp_path / "b.nii").read_bytes())
    whole[254:256] = bytes(2)
    whole[280:328] = bytes(48)
    (tmp_path / "b.nii").write_bytes(whole)
    (segment,) = read_mask(tmp_path / "b.nii", onto=volume)
    assert np.array_equal(segment.mask.array, labels == 1)


@pytest.mark.parametrize("name", ["mask.nii", "mask.nii.gz", "mask.nrrd"])
def test_a_file_cut_short_or_broken_gives_a_typed_error(tmp_path: Path, name: str) -> None:
    volume = oblique()
    whole = written(volume, labels_on(volume), tmp_path / name).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for at in rng.integers(1, len(whole), 60).tolist():
        broken = bytearray(whole)
        broken[at] ^= 1 << int(rng.integers(8))
        for content in (whole[:at], bytes(broken)):
            (tmp_path / name).write_bytes(content)
            try:
                read_mask(tmp_path / name, onto=volume)
            except (DicomError, GeometryError, EmptyMaskError):
                refused += 1
    assert refused >= 60


def test_values_that_are_no_labels_are_refused(tmp_path: Path) -> None:
    volume = oblique()
    for values, said in ((-1.0, "labels are 0 or above"), (1.5, "between 0 and 1"), (np.inf, "not finite")):
        path = written(volume, np.full(volume.shape, values, np.float32), tmp_path / "a.nii")
        with pytest.raises(DicomError, match=said):
            read_mask(path, onto=volume)
    path = written(volume, np.zeros(volume.shape, np.uint8), tmp_path / "a.nii")
    with pytest.raises(EmptyMaskError, match="no voxel above 0"):
        read_mask(path, onto=volume)
    with pytest.raises(UnsupportedError, match=r"expected a mask in .nii, .nii.gz or .nrrd, found '.mha'"):
        read_mask(tmp_path / "a.mha", onto=volume)


def test_what_is_written_is_read_alike_by_another_program(tmp_path: Path) -> None:
    volume = oblique()
    labels = labels_on(volume, 2)
    segments = [Segment(f"label {k}", Volume(labels == k, volume.affine)) for k in (1, 2)]
    path = write_mask(segments, tmp_path / "mask.nii.gz")
    image = sitk.ReadImage(path)
    assert np.array_equal(sitk.GetArrayFromImage(image), labels)
    index = (3, 5, 2)
    assert np.allclose(image.TransformIndexToPhysicalPoint(index), volume.position_mm(index[::-1]), atol=1e-4)
    again = write_mask(segments, tmp_path / "again.nii.gz")
    assert path.read_bytes() == again.read_bytes()


def test_a_sheared_mask_comes_back(tmp_path: Path) -> None:
    volume = oblique()
    sheared = volume.affine.copy()
    sheared[:3, 0] += (0.2, 0.4, -0.1)
    mask = Volume(labels_on(volume, 1) == 1, sheared)
    path = write_mask([Segment("tumour", mask)], tmp_path / "mask.nii")
    (back,) = read_mask(path, onto=mask)
    assert np.array_equal(back.mask.array, mask.array)


def test_what_a_label_map_cannot_hold_is_refused(tmp_path: Path) -> None:
    volume = oblique()
    whole = Segment("tumour", Volume(np.ones(volume.shape, bool), volume.affine))
    shares = Segment("tumour", Volume(np.full(volume.shape, 0.5, np.float32), volume.affine))
    for segments in ([whole, whole], [shares]):
        with pytest.raises(DicomError, match="found overlap or fractions"):
            write_mask(segments, tmp_path / "a.nii")
    with pytest.raises(GeometryError, match="expected segments on one grid, found 0"):
        write_mask([], tmp_path / "a.nii")
    with pytest.raises(UnsupportedError, match=r"written as .nii or .nii.gz, found '.nrrd'"):
        write_mask([whole], tmp_path / "a.nrrd")

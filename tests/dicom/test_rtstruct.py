import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import dcmread
from scipy import ndimage

from sarcoma_review.dicom import read_rtstruct, write_rtstruct
from sarcoma_review.dicom.outlines import slice_outlines
from sarcoma_review.errors import EmptyMaskError, GeometryError, ReferenceNotFoundError
from sarcoma_review.volume import Volume
from tests.conftest import require
from tests.dicom.outlined import AFFINE, faults, images, outlined, segment
from tests.dicom.series import save

Mask = NDArray[np.bool_]

SHAPE = (4, 48, 48)
SLICE, ROW, COLUMN = np.indices(SHAPE)


def disc(row: float, column: float, radius: float) -> Mask:
    inside: Mask = np.hypot(ROW - row, COLUMN - column) < radius
    return inside


def speckles() -> Mask:
    return np.random.default_rng(0).random(SHAPE) < 0.5


MASKS: dict[str, Callable[[], Mask]] = {
    "solid": lambda: disc(24, 24, 15),
    "ring": lambda: (disc(24, 24, 20) & ~disc(24, 26, 8)) & (SLICE > 0),
    "islands": lambda: disc(10, 10, 6) | disc(30, 33, 7) | ((ROW == 20) & (COLUMN == 20)),
    "nested_rings": lambda: (disc(24, 24, 20) & ~disc(24, 24, 14)) | (disc(24, 24, 9) & ~disc(24, 24, 4)),
    "one_pixel_in_a_corner": lambda: (SLICE == 2) & (ROW == 0) & (COLUMN == 47),
    "many_holes": lambda: np.random.default_rng(1).random(SHAPE) < 0.9,
    "speckles": speckles,
    "maze": lambda: ndimage.gaussian_filter(np.random.default_rng(2).random(SHAPE), (0, 1.5, 1.5)) > 0.5,
    "whole_image": lambda: np.ones(SHAPE, bool),
}


@pytest.fixture(scope="module")
def read_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Mask]]:
    """Every mask of `MASKS`, written by us and read by plastimatch, by the way in which it treats contours."""
    require(shutil.which("plastimatch") is not None, "plastimatch")
    folder = tmp_path_factory.mktemp("structures")
    slices = images(SHAPE)
    structures = write_rtstruct([segment(name, mask()) for name, mask in MASKS.items()], images=slices)
    structures.save_as(folder / "structures.dcm", enforce_file_format=True)
    fixed = sitk.GetImageFromArray(np.zeros(SHAPE, np.int16))
    fixed.SetSpacing((0.8, 0.7, 3.0))
    fixed.SetOrigin((-10.3, 5.2, 0.0))
    sitk.WriteImage(fixed, folder / "fixed.nrrd")
    save(slices, folder / "images")

    def read(flag: str) -> dict[str, Mask]:
        out = folder / f"out{flag}"
        words = ["plastimatch", "convert", "--input", "structures.dcm", "--referenced-ct", "images", *flag.split()]
        words += ["--fixed", "fixed.nrrd", "--output-prefix", str(out), "--prefix-format", "nrrd"]
        subprocess.run(words, cwd=folder, capture_output=True, check=True)
        return {name: sitk.GetArrayFromImage(sitk.ReadImage(out / f"{name}.nrrd")) > 0 for name in MASKS}

    return read


@pytest.mark.servers
@pytest.mark.parametrize("flag", ["", "--xor-contours"])
def test_another_program_reads_every_shape_as_it_was(
    read_elsewhere: Callable[[str], dict[str, Mask]], flag: str
) -> None:
    for name, found in read_elsewhere(flag).items():
        truth = MASKS[name]()
        dice = 2 * (found & truth).sum() / (found.sum() + truth.sum())
        assert dice >= 0.999, name
        assert found.sum() / truth.sum() == pytest.approx(1.0, abs=1e-3), name


@pytest.mark.servers
def test_a_structure_set_is_valid_dicom(tmp_path: Path) -> None:
    slices, _, segments = outlined()
    assert faults(write_rtstruct(segments, images=slices), tmp_path / "structures.dcm") == []


@pytest.mark.parametrize("name", MASKS)
def test_what_is_written_is_read_back_the_same(tmp_path: Path, name: str) -> None:
    mask = MASKS[name]()
    dataset = write_rtstruct([segment("tumour", mask)], images=images(SHAPE))
    dataset.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    (back,) = read_rtstruct(tmp_path / "a.dcm", onto=Volume(np.zeros(SHAPE), AFFINE, "2.25.3"))
    assert np.array_equal(back.mask.array, mask)


def test_every_coordinate_fits_a_decimal_string_and_every_contour_names_its_image() -> None:
    slices = images(SHAPE)
    dataset = write_rtstruct([segment("tumour", speckles())], images=slices)
    at = {str(image.SOPInstanceUID): float(image.ImagePositionPatient[2]) for image in slices}
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        assert max(len(str(value)) for value in contour.ContourData) <= 16
        assert contour.NumberOfContourPoints * 3 == len(contour.ContourData)
        z = at[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        assert {float(value) for value in contour.ContourData[2::3]} == {z}


def test_contours_of_a_fractional_mask_run_where_it_passes_one_half() -> None:
    shares = np.clip(0.5 + (6.3 - np.hypot(*np.indices((20, 20)) - 10.0)) / 6, 0.0, 1.0)
    (circle,) = slice_outlines(shares)
    assert np.abs(np.hypot(*(circle - 10).T) - 6.3).max() < 0.05


def test_the_outline_of_one_pixel_goes_half_way_to_its_neighbours() -> None:
    pixel = np.zeros((3, 3), bool)
    pixel[1, 1] = True
    (outline,) = slice_outlines(pixel)
    assert {tuple(corner) for corner in outline.tolist()} == {(0.5, 1.0), (1.0, 0.5), (1.5, 1.0), (1.0, 1.5)}


def test_the_same_masks_give_the_same_bytes_and_other_masks_other_identifiers(tmp_path: Path) -> None:
    slices, _, segments = outlined()
    for name, chosen in (("a", segments), ("b", segments), ("c", segments[:1])):
        write_rtstruct(chosen, images=slices).save_as(tmp_path / name, enforce_file_format=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert dcmread(tmp_path / "a").SOPInstanceUID != dcmread(tmp_path / "c").SOPInstanceUID


def test_what_cannot_be_outlined_is_refused() -> None:
    slices, _, segments = outlined()
    with pytest.raises(ReferenceNotFoundError, match="expected an image for each of 5 slices, found 4 images"):
        write_rtstruct(segments, images=slices[:4])
    with pytest.raises(GeometryError, match=r"one lies 12.0 mm off: order the images as the slices"):
        write_rtstruct(segments, images=slices[::-1])
    with pytest.raises(GeometryError, match="expected at least one segment"):
        write_rtstruct([], images=slices)
    with pytest.raises(EmptyMaskError, match="segment 'skin' has no voxels"):
        write_rtstruct([segment("skin", np.zeros((5, 7, 9), bool))], images=slices)
    for each in slices:
        del each.FrameOfReferenceUID
    with pytest.raises(GeometryError, match="images that name a frame of reference, found none"):
        write_rtstruct(segments, images=slices)


def test_a_structure_set_of_renumbered_images_is_placed_by_its_frame_and_says_so() -> None:
    slices, volume, segments = outlined()
    dataset = write_rtstruct(segments, images=slices)
    other = Volume(volume.array, AFFINE, "2.25.3", slice_uids=tuple(f"2.25.{k}" for k in range(50, 55)))
    back = read_rtstruct(dataset, onto=other)
    assert back[0].findings == ("drawn on images with other identifiers; placed by the frame of reference",)
    unplaced = Volume(volume.array, AFFINE, None, slice_uids=other.slice_uids)
    with pytest.raises(ReferenceNotFoundError, match="drawn on images that are not among them"):
        read_rtstruct(dataset, onto=unplaced)


def test_a_structure_set_of_which_some_images_are_gone_is_refused() -> None:
    slices, volume, segments = outlined()
    dataset = write_rtstruct(segments, images=slices)
    uids = tuple(str(image.SOPInstanceUID) for image in slices)
    here = Volume(volume.array, AFFINE, "2.25.3", slice_uids=("2.25.50", *uids[1:]))
    with pytest.raises(ReferenceNotFoundError, match=r"structure set: expected images of this volume, found \d+ of"):
        read_rtstruct(dataset, onto=here)

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from sarcoma_review.dicom.read import load_slices
from sarcoma_review.dicom.scan import scan
from sarcoma_review.errors import DicomError, SarcomaReviewError, TruncatedError, UnsupportedError
from sarcoma_review.volume import Volume
from tests.dicom.series import COLUMNS, ROWS, image, save


def load(images: list[Dataset], folder: Path) -> Volume:
    (spec,) = next(iter(scan(save(images, folder)).series.values())).volumes()
    return spec.load()


def series(**changes: Any) -> list[Dataset]:
    return [image((0, 0, 3 * k), k, **changes) for k in range(3)]


def test_whole_slopes_give_integers_and_fractions_give_floats(tmp_path: Path) -> None:
    whole = load(series(RescaleSlope=2, RescaleIntercept=-1024), tmp_path / "whole")
    assert whole.array.dtype == np.int16
    assert whole.array[1, 0, 0] == 2 * 100 - 1024
    assert whole.units == "HU"
    broken = load(series(RescaleSlope=0.5), tmp_path / "broken")
    assert broken.array.dtype == np.float32
    assert broken.array[1, 0, 1] == pytest.approx(50.5)


def test_each_slice_keeps_its_own_slope(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k, Modality="MR", RescaleSlope=slope) for k, slope in enumerate((1, 2.5, 4))]
    assert load(images, tmp_path).array[:, 0, 1].tolist() == [1, 252.5, 804]


def test_values_that_do_not_fit_become_floats_and_stay_right(tmp_path: Path) -> None:
    assert load(series(RescaleSlope=1000), tmp_path).array[2, 0, 5] == 205_000


def test_bits_above_those_stored_are_taken_off(tmp_path: Path) -> None:
    stored = np.arange(ROWS * COLUMNS, dtype=np.uint16) | 0xF000
    images = series(BitsStored=12, HighBit=11, PixelRepresentation=0, PixelData=stored.astype("<u2").tobytes())
    assert load(images, tmp_path).array[0].max() == ROWS * COLUMNS - 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"PixelData": b"\0" * 50},
            TruncatedError,
            "slice 1 of 3: pixels are truncated: expected 126 bytes, found 50",
        ),
        ({"PhotometricInterpretation": "RGB"}, UnsupportedError, "only grey images .*found RGB"),
        ({"BitsAllocated": 1}, UnsupportedError, "BitsAllocated of 1 is not read; expected 8, 16 or 32"),
        ({"BitsStored": 17}, DicomError, "BitsStored 17 and HighBit 15 do not fit in 16 bits"),
        ({"RescaleSlope": 0}, DicomError, "RescaleSlope 0 and RescaleIntercept 0 give no values"),
        ({"RescaleSlope": None, "RescaleIntercept": None}, DicomError, "its values are not HU"),
    ],
)
def test_pixels_that_cannot_be_trusted_are_refused(
    tmp_path: Path, changes: dict[str, Any], error: type[SarcomaReviewError], message: str
) -> None:
    with pytest.raises(error, match=message):
        load(series(**changes), tmp_path)


def test_an_unknown_policy_is_refused(tmp_path: Path) -> None:
    (spec,) = next(iter(scan(save(series(), tmp_path)).series.values())).volumes()
    with pytest.raises(ValueError, match="policy is 'strict' or 'resample', got 'average'"):
        spec.load(policy="average")  # type: ignore[arg-type]


def test_unsigned_values_above_int16_stay_integers_where_the_intercept_brings_them_back(tmp_path: Path) -> None:
    stored = np.full(ROWS * COLUMNS, 40_000, "<u2")
    images = series(PixelRepresentation=0, RescaleIntercept=-32768, PixelData=stored.tobytes())
    volume = load(images, tmp_path)
    assert volume.array.dtype == np.int16
    assert volume.array[0, 0, 0] == 40_000 - 32_768


def test_signed_values_of_twelve_bits_keep_their_sign(tmp_path: Path) -> None:
    stored = np.arange(-30, ROWS * COLUMNS - 30) & 0x0FFF
    volume = load(series(BitsStored=12, HighBit=11, PixelData=stored.astype("<u2").tobytes()), tmp_path)
    assert volume.array[0].ravel().tolist() == list(range(-30, ROWS * COLUMNS - 30))


def test_bits_that_were_taken_off_are_told(tmp_path: Path) -> None:
    stored = np.arange(ROWS * COLUMNS, dtype=np.uint16) | 0xF000
    images = series(BitsStored=12, HighBit=11, PixelRepresentation=0, PixelData=stored.astype("<u2").tobytes())
    assert load(images, tmp_path).issues == ("bits above the 12 stored were taken off in 3 slice(s)",)


def test_values_of_eight_bits_are_read(tmp_path: Path) -> None:
    stored = np.arange(ROWS * COLUMNS, dtype=np.uint8).tobytes() + b"\0"
    images = series(BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0, PixelData=stored)
    assert load(images, tmp_path).array[2].ravel().tolist() == list(range(ROWS * COLUMNS))


def test_padding_is_kept_and_told_with_what_it_holds(tmp_path: Path) -> None:
    stored = np.arange(ROWS * COLUMNS, dtype="<i2")
    stored[:4] = -2000
    volume = load(series(PixelPaddingValue=-2000, RescaleIntercept=-1024, PixelData=stored.tobytes()), tmp_path)
    assert volume.issues == ("pixel padding: 12 voxels were not imaged and hold -3024 HU",)
    assert volume.array[0, 0, :5].tolist() == [-3024] * 4 + [4 - 1024]


def test_padding_is_told_by_what_a_modality_table_makes_of_it(tmp_path: Path) -> None:
    stored = np.full(ROWS * COLUMNS, 102, "<u2")
    stored[:4] = 100
    images = series(
        ModalityLUTSequence=[table("HU")], PixelRepresentation=0, PixelPaddingValue=100, PixelData=stored.tobytes()
    )
    volume = load(images, tmp_path)
    assert volume.issues == ("pixel padding: 12 voxels were not imaged and hold 7 HU",)
    assert (volume.array == 7).sum() == 12


def test_slices_without_padding_say_nothing_of_what_it_holds(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k, Modality="MR", PixelPaddingValue=100, RescaleSlope=k + 1) for k in range(3)]
    assert load(images, tmp_path).issues == ("pixel padding: 1 voxels were not imaged and hold 200",)


@pytest.mark.parametrize(("stated", "units"), [(None, "HU"), ("HU", "HU"), ("Z_EFF", "Z_EFF"), ("US", "")])
def test_a_ct_is_in_hu_only_where_it_does_not_say_otherwise(stated: str | None, units: str, tmp_path: Path) -> None:
    changes = {} if stated is None else {"RescaleType": stated}
    assert load(series(**changes), tmp_path).units == units


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_slices_of_one_volume_in_several_units_are_refused(modality: str, tmp_path: Path) -> None:
    images = series(Modality=modality, RescaleType="HU")
    images[1].RescaleType = "MGML"
    with pytest.raises(DicomError, match="expected one unit in a stack, found HU, MGML"):
        load(images, tmp_path)


def test_an_inverted_image_keeps_its_values_and_says_so(tmp_path: Path) -> None:
    volume = load(series(PhotometricInterpretation="MONOCHROME1"), tmp_path)
    assert volume.issues == ("MONOCHROME1: high values are meant to be shown dark",)
    assert volume.array[1, 0, 3] == 103


def test_a_stack_of_which_some_slices_are_inverted_says_how_many(tmp_path: Path) -> None:
    images = series()
    images[2].PhotometricInterpretation = "MONOCHROME1"
    assert load(images, tmp_path).issues == ("MONOCHROME1: high values are meant to be shown dark, in 1 of 3 slices",)


def test_a_sign_drawn_out_over_the_bits_above_is_no_overlay(tmp_path: Path) -> None:
    stored = np.arange(-30, ROWS * COLUMNS - 30) & 0x0FFF
    volume = load(series(BitsStored=12, HighBit=11, PixelData=stored.astype("<u2").tobytes()), tmp_path)
    assert volume.issues == ()


def table(units: str, *, order: str = "<") -> Dataset:
    """A Modality LUT of four entries, from a stored value of 100 on."""
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [4, 100, 16], units
    item.LUTData = np.array([7, 70, 700, 7000], f"{order}u2").tobytes()
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "OW"
    return item


def test_a_modality_table_takes_the_place_of_slope_and_intercept(tmp_path: Path) -> None:
    images = series(ModalityLUTSequence=[table("HU")], PixelRepresentation=0)
    assert load(images, tmp_path).array[1, 0, :5].tolist() == [7, 70, 700, 7000, 7000]
    assert load(images, tmp_path).array[0].max() == 7


def test_a_modality_table_of_words_in_the_other_order_holds_the_same_values(tmp_path: Path) -> None:
    images = series(ModalityLUTSequence=[table("HU", order=">")], PixelRepresentation=0)
    for dataset in images:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
        dataset["PixelData"].VR = "OW"
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    assert load(images, tmp_path).array[1, 0, :5].tolist() == [7, 70, 700, 7000, 7000]


def test_modality_tables_in_several_units_are_refused(tmp_path: Path) -> None:
    images = series(PixelRepresentation=0, ModalityLUTSequence=[table("HU")])
    images[2].ModalityLUTSequence = [table("OD")]
    with pytest.raises(DicomError, match="expected one unit in a stack, found HU, OD"):
        load(images, tmp_path)


def test_a_modality_table_in_some_images_only_is_refused(tmp_path: Path) -> None:
    images = series(PixelRepresentation=0)
    images[1].ModalityLUTSequence = [table("HU")]
    with pytest.raises(DicomError, match="some images of the stack have a Modality LUT and others none"):
        load(images, tmp_path)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_way_of_writing_plain_pixels_gives_the_same_values(syntax: str, tmp_path: Path) -> None:
    images = series()
    for dataset in images:
        if syntax == ExplicitVRBigEndian:
            dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
        dataset["PixelData"].VR = "OW"
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
    expected = np.arange(3)[:, None] * 100 + np.arange(ROWS * COLUMNS)
    assert np.array_equal(load(images, tmp_path).array.reshape(3, -1), expected)


def test_a_file_that_changed_since_it_was_indexed_is_not_read(tmp_path: Path) -> None:
    (spec,) = next(iter(scan(save(series(), tmp_path)).series.values())).volumes()
    changed = spec.instances[1].path
    changed.write_bytes(changed.read_bytes() + b"\0\0")
    with pytest.raises(DicomError, match="slice 2 of 3: a file changed after the study was opened"):
        spec.load()


def test_a_header_that_declares_far_more_than_there_is_allocates_nothing(tmp_path: Path) -> None:
    tracemalloc.start()
    with pytest.raises(TruncatedError, match=r"expected 8589672450 bytes, found 126"):
        load(series(Rows=65535, Columns=65535), tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@pytest.mark.real_data
def test_seven_transfer_syntaxes_decode_to_the_same_pixels(shared: Path) -> None:
    (entry,) = scan(shared / "dicom/dcm_qa_ts").series.values()
    assert len({instance.transfer_syntax for instance in entry.instances}) == 7
    reference = sitk.GetArrayFromImage(sitk.ReadImage(str(shared / "dicom/dcm_qa_ts/1.nii")))
    for instance in entry.instances:
        tiles = load_slices([instance]).array[0].reshape(6, 64, 6, 64).swapaxes(1, 2).reshape(36, 64, 64)
        # the tiles of a mosaic are the slices, and NIfTI of dcm2niix counts rows from the bottom up
        assert np.array_equal(tiles[:35, ::-1], reference), instance.transfer_syntax


@pytest.mark.real_data
@pytest.mark.parametrize("folder", ["ibsi_STS_002/dicom/CT/image", "sts001_mr_t2_rtss/image", "crlm1004_ct_12slices"])
def test_values_and_places_agree_with_another_program(shared: Path, folder: str) -> None:
    (spec,) = next(iter(scan(shared / "dicom" / folder).series.values())).volumes()
    volume = spec.load()
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(instance.path) for instance in spec.instances])
    other = reader.Execute()
    values = sitk.GetArrayFromImage(other)
    assert np.array_equal(values, volume.array)
    n, rows, columns = volume.shape
    for index in ((0, 0, 0), (n - 1, rows - 1, columns - 1), (n // 2, 3, 5)):
        place = other.TransformIndexToPhysicalPoint((index[2], index[1], index[0]))
        assert np.linalg.norm(volume.position_mm(index) - place) < 0.1


@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["CT", "MR_T1", "PET"])
@pytest.mark.parametrize("patient", ["ibsi_STS_002", "ibsi_STS_025"])
def test_values_and_places_are_those_of_the_reference_files(shared: Path, patient: str, kind: str) -> None:
    entries = scan(shared / "dicom" / patient / "dicom" / kind / "image").series.values()
    (spec,) = next(iter(entries)).volumes()
    compare_with_nifti(spec.load(), shared / "dicom" / patient / "nifti" / f"{kind}_image.nii.gz", 1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "reference"),
    [("hyperfine", "hyperfine_gt.nii.gz"), ("philips", "philips_ground_truth.nii.gz")],
)
def test_enhanced_images_are_those_of_the_reference_files(shared: Path, folder: str, reference: str) -> None:
    home = shared / "dicom" / "d2n_enhanced"
    (spec,) = next(iter(scan(home / folder).series.values())).volumes()
    compare_with_nifti(spec.load(), home / reference, 1.0)


def compare_with_nifti(volume: Volume, reference: Path, tolerance: float) -> None:
    """Each voxel of the one lies on a voxel of the other, which holds the same value."""
    other = sitk.ReadImage(str(reference))  # SimpleITK turns NIfTI's RAS into LPS
    values = sitk.GetArrayFromImage(other)
    corners = np.array([other.TransformIndexToPhysicalPoint(index) for index in np.eye(4, 3, -1, int).tolist()])
    index = np.rint(volume.index(corners)).astype(int)
    assert np.abs(volume.position_mm(index) - corners).max() < 0.1
    steps = (index[1:] - index[0]).T
    where = np.moveaxis(np.indices(values.shape[::-1]), 0, -1) @ steps.T + index[0]
    found = volume.array[tuple(np.moveaxis(where, -1, 0))]
    assert found.size == volume.array.size
    assert np.abs(found - values.T).max() <= tolerance

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset, dcmread

from sarcoma_review.dicom.codecs import decode
from sarcoma_review.dicom.scan import scan
from sarcoma_review.errors import DicomError, SarcomaReviewError, UnsupportedError
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
        ({"PixelData": b"\0" * 50}, DicomError, "slice 1 of 3: pixels are truncated: expected 126 bytes, found 50"),
        ({"PhotometricInterpretation": "MONOCHROME1"}, UnsupportedError, "MONOCHROME2.*found MONOCHROME1"),
        ({"RescaleSlope": 0}, DicomError, "RescaleSlope 0 and RescaleIntercept 0 give no values"),
        ({"RescaleSlope": None, "RescaleIntercept": None}, DicomError, "its values are not HU"),
    ],
)
def test_pixels_that_cannot_be_trusted_are_refused(
    tmp_path: Path, changes: dict[str, Any], error: type[SarcomaReviewError], message: str
) -> None:
    with pytest.raises(error, match=message):
        load(series(**changes), tmp_path)


def test_only_the_strict_policy_is_known(tmp_path: Path) -> None:
    (spec,) = next(iter(scan(save(series(), tmp_path)).series.values())).volumes()
    with pytest.raises(ValueError, match="policy is 'strict' in this version"):
        spec.load(policy="resample")  # type: ignore[arg-type]


@pytest.mark.real_data
def test_seven_transfer_syntaxes_decode_to_the_same_pixels(shared: Path) -> None:
    images = [dcmread(path) for path in sorted((shared / "dicom/dcm_qa_ts").rglob("*.dcm"))]
    assert len({dataset.file_meta.TransferSyntaxUID for dataset in images}) == 7
    pixels = [decode(dataset) for dataset in images]
    assert pixels[0].std() > 10
    for other, dataset in zip(pixels, images, strict=True):
        assert np.array_equal(other, pixels[0]), dataset.file_meta.TransferSyntaxUID.name


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

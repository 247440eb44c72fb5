import re
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from sarcoma_review.dicom.scan import scan
from sarcoma_review.dicom.stack import VolumeSpec
from sarcoma_review.errors import GeometryError, MissingSlicesError, UnevenSpacingError
from tests.dicom import coded_voxels as cv
from tests.dicom.coded_voxels import MUTATIONS, Mutation, outcome
from tests.dicom.series import image, save

LARGEST_ERROR_MM = 0.1
RAMP = np.array([3.0, 2.0, 7.0])
REAL = (
    "crlm1004_ct_12slices",
    "sts001_mr_t2_rtss/image",
    "ibsi_STS_002/dicom/CT/image",
    "ibsi_STS_025/dicom/CT/image",
    "ibsi_STS_025/dicom/MR_T1/image",
    "ibsi_STS_002/dicom/PET/image",
    "d2n_nonisotropic_rescale",
    "d2n_failing/gantrytilting/001",
)
AS_THEY_ARE = (
    "localizer_3plane",
    "dualecho_4vol_philips",
    "dcm_qa_ts",
    "d2n_failing/notavolume/001",
    "d2n_failing/sliceincrement/001",
    "d2n_failing/sliceincrement/002",
    "d2n_failing/sliceorientation/001",
    "d2n_enhanced/hyperfine",
    "d2n_enhanced/philips",
    "d2n_enhanced/siemens_multiframe",
    "dcmqi/segmentations/23x38x3/multiframe",
    "ibsi_STS_025/dicom/PET/image",
)


def series(count: int = 12) -> list[Dataset]:
    return [image((-90, -120, 40 + 2.5 * k), k) for k in range(count)]


def headers(folder: Path, most: int) -> list[Dataset]:
    """Headers of a folder's images, up to so many, next to one another."""
    found: list[Dataset] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                found.append(dcmread(path, stop_before_pixels=True))
            except InvalidDicomError:
                continue
    return sorted(found, key=lambda dataset: int(dataset.get("InstanceNumber", 0) or 0))[:most]


def cropped(images: list[Dataset]) -> list[Dataset]:
    """The upper left of each image, which lies where it lay."""
    for each in images:
        each.Rows, each.Columns = min(each.Rows, 60), min(each.Columns, 70)
    return images


def ramp(images: list[Dataset], folder: Path) -> VolumeSpec:
    """A series in which every pixel holds what `RAMP` gives at its place."""
    for each in images:
        across, down = np.array(each.ImageOrientationPatient, float).reshape(2, 3)
        row, column = np.indices((each.Rows, each.Columns))[..., None] * np.reshape(each.PixelSpacing, (2, 1, 1, 1))
        place = np.array(each.ImagePositionPatient, float) + row * down + column * across
        each.PixelData = np.rint(place @ RAMP).astype("<i2").tobytes()
    (spec,) = next(iter(scan(save(images, folder)).series.values())).volumes()
    return spec


def require_right(found: cv.Outcome) -> None:
    assert max(found.worst_mm, default=0.0) <= LARGEST_ERROR_MM
    assert all(isinstance(refusal, GeometryError) for refusal in found.refused)
    assert all(re.search(r"\d mm", str(refusal)) for refusal in found.refused)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_no_voxel_of_an_edited_series_is_out_of_place(mutation: Mutation, seed: int, tmp_path: Path) -> None:
    images = mutation(series(), np.random.default_rng(seed))
    found = outcome(images, tmp_path / "coded")
    require_right(found)
    assert found.images or found.refused


@pytest.mark.parametrize(
    "mutation",
    [cv.jitter, cv.rounded, cv.shuffled_numbers, cv.tilt, cv.turned_patient, cv.loose],
    ids=lambda mutation: mutation.__name__,
)
def test_what_is_one_regular_grid_is_one_volume(mutation: Mutation, tmp_path: Path) -> None:
    found = outcome(mutation(series(), np.random.default_rng(3)), tmp_path / "coded")
    assert found.images == [list(range(12))]
    assert found.refused == []
    assert found.residue == []


@pytest.mark.parametrize(
    ("mutation", "left"),
    [
        (cv.duplicate, ["second file with a SOP instance UID already read"]),
        (cv.renamed_duplicate, ["same place and same pixels as another image"]),
        (cv.rotated_slice, ["single image: its slice spacing is unknown"]),
    ],
    ids=["duplicate", "renamed_duplicate", "rotated_slice"],
)
def test_what_does_not_belong_is_left_out_and_listed(mutation: Mutation, left: list[str], tmp_path: Path) -> None:
    edited = mutation(series(), np.random.default_rng(5))
    found = outcome(edited, tmp_path / "coded", copies=True)
    assert [len(images) for images in found.images] == [12]
    assert found.residue == left


def test_a_second_acquisition_half_a_slice_off_is_a_volume_of_its_own(tmp_path: Path) -> None:
    images = cv.second_acquisition(series(), np.random.default_rng(1))
    found = outcome(images, tmp_path / "coded")
    assert found.images == [list(range(12)), list(range(12, len(images)))]


def test_a_localizer_inside_a_series_is_a_volume_of_its_own(tmp_path: Path) -> None:
    found = outcome(cv.localizer_inside(series(), np.random.default_rng(1)), tmp_path / "coded")
    assert found.images == [list(range(12)), [12, 13, 14]]


def test_a_gap_and_uneven_spacing_are_refused_with_millimetres(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    (missing,) = outcome(cv.gap(series(), rng), tmp_path / "gap").refused
    assert isinstance(missing, MissingSlicesError)
    assert re.search(r"gap of 5\.0 mm after slice \d+ at [\d.]+ mm; expected 2\.5 mm", str(missing))
    (spread,) = outcome(cv.uneven(series(), rng), tmp_path / "uneven").refused
    assert isinstance(spread, UnevenSpacingError)


def test_a_large_image_turned_by_a_tenth_of_a_degree_is_refused(tmp_path: Path) -> None:
    images = [image((0, 0, 3 * k), k, Rows=400, Columns=400) for k in range(6)]
    (refusal,) = outcome(cv.loose(images, np.random.default_rng(0)), tmp_path / "coded").refused
    assert re.search(r"up to 0\.\d\d mm beside one line.*expected at most 0\.1 mm", str(refusal))


@pytest.mark.parametrize("mutation", [cv.uneven, cv.tilt], ids=lambda mutation: mutation.__name__)
def test_resampled_voxels_hold_what_lies_at_their_place(mutation: Mutation, tmp_path: Path) -> None:
    images = [image((-90, -120, 40 + 2.5 * k), k, Rows=40, Columns=30) for k in range(12)]
    volume = ramp(mutation(images, np.random.default_rng(4)), tmp_path).load("resample")
    assert volume.grid.skew_deg() < 1e-6
    inside = volume.array > volume.array.min()
    index = np.argwhere(inside)
    expected = volume.position_mm(index) @ RAMP
    assert inside.mean() > 0.3
    assert np.abs(volume.array[inside] - expected).max() <= 1.1  # rounded when stored, and again


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom, of values that real scanners write
@pytest.mark.parametrize("folder", REAL)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_no_voxel_of_an_edited_real_series_is_out_of_place(
    mutation: Mutation, folder: str, shared: Path, tmp_path: Path
) -> None:
    images = mutation(cropped(headers(shared / "dicom" / folder, 8)), np.random.default_rng(len(folder)))
    require_right(outcome(images, tmp_path / "coded"))


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom, of values that real scanners write
@pytest.mark.parametrize("folder", [*REAL, *AS_THEY_ARE])
def test_no_voxel_of_a_real_series_is_out_of_place(folder: str, shared: Path, tmp_path: Path) -> None:
    images = headers(shared / "dicom" / folder, 200)
    found = outcome(images, tmp_path / "coded")
    require_right(found)
    assert found.worst_mm or found.refused or found.residue

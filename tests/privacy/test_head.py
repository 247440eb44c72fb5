import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

from sarcoma_review.errors import PrivacyError
from sarcoma_review.present.leaving import require_export
from sarcoma_review.privacy.head import cropped_below, in_field_of_view
from sarcoma_review.volume import Volume
from tests.privacy.phantom_head import AXIAL, CORONAL, FEET_FIRST, OBLIQUE, SAGITTAL, acquired, body, head, shoulder

BRAIN, DOME = "bone closes around what has the density of brain", "the outline closes at the top as a head does"
GRIDS = [AXIAL, FEET_FIRST, CORONAL, SAGITTAL, OBLIQUE]
NAMES = ["axial", "feet first", "coronal", "sagittal", "oblique"]
ORBITS_MM = 120.0


def header(**words: str) -> Dataset:
    ds = Dataset()
    for keyword, value in words.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        ("BodyPartExamined", "HEADNECK"),
        ("ProtocolName", "t1_head_sag"),
        ("SeriesDescription", "CT Facial bones 0.6"),
        ("StudyDescription", "PET whole body"),
    ],
)
def test_a_header_that_names_the_head_is_flagged_and_not_quoted(keyword: str, words: str) -> None:
    assert in_field_of_view([header(), header(**{keyword: words})]) == f"the header names the head ({keyword})"


@pytest.mark.parametrize(
    "words", ["femoral head left", "Head of fibula MRI", "HEAD FIRST SUPINE", "sinus tarsi", "knee"]
)
def test_other_heads_are_none(words: str) -> None:
    assert in_field_of_view([header(SeriesDescription=words)]) == ""


@pytest.mark.parametrize("grid", GRIDS, ids=NAMES)
def test_a_head_is_seen_however_it_was_acquired(grid: NDArray[np.float64]) -> None:
    assert in_field_of_view([], acquired(head, grid)) == BRAIN
    assert in_field_of_view([], acquired(head, grid, modality="MR")) == DOME


def test_a_large_volume_is_looked_at_without_a_copy_of_it() -> None:
    volume = Volume(np.zeros((160, 256, 256), np.int16), np.diag([1.0, 1.0, 1.0, 1.0]), modality="CT")
    tracemalloc.start()
    in_field_of_view([], volume)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < volume.array.size  # a byte for each voxel would be a copy


def test_bone_around_brain_is_a_skull_where_the_vertex_is_cut_off() -> None:
    assert in_field_of_view([], acquired(head, AXIAL, below_mm=190.0)) == BRAIN


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("grid", GRIDS, ids=NAMES)
@pytest.mark.parametrize(
    "radii_mm",
    [(85.0, 85.0), (65.0, 65.0), (190.0, 120.0)],
    ids=["thigh", "calf", "pelvis"],
)
def test_what_runs_on_beyond_the_slices_is_no_head(
    modality: str, grid: NDArray[np.float64], radii_mm: tuple[float, float]
) -> None:
    assert in_field_of_view([], acquired(body(*radii_mm), grid, modality=modality)) == ""


@pytest.mark.parametrize("modality", ["CT", "MR"])
@pytest.mark.parametrize("radius_mm", [45.0, 130.0])
def test_what_closes_narrower_or_wider_than_a_head_is_none(modality: str, radius_mm: float) -> None:
    closed = acquired(body(radius_mm, radius_mm, top_mm=170.0), AXIAL, modality=modality)
    assert in_field_of_view([], closed) == ""


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_shoulder_cut_from_the_trunk_is_no_head(modality: str) -> None:
    assert in_field_of_view([], acquired(shoulder, AXIAL, modality=modality)) == ""


def test_a_coil_that_fades_toward_the_head_makes_no_dome() -> None:
    thigh = acquired(body(85.0, 85.0), CORONAL, modality="MR")
    rows = thigh.position_mm(np.stack(np.meshgrid(*map(np.arange, thigh.shape), indexing="ij"), axis=-1))[..., 2]
    faded = thigh.array * np.clip((235 - rows) / 90, 0.0, 1.0)
    assert in_field_of_view([], Volume(faded, thigh.affine, modality="MR")) == ""


def test_without_a_volume_the_words_alone_decide() -> None:
    assert in_field_of_view([header(BodyPartExamined="FEMUR")]) == ""


@pytest.mark.parametrize("grid", GRIDS, ids=NAMES)
def test_a_crop_leaves_every_voxel_where_it_lay_and_opens_the_export(grid: NDArray[np.float64]) -> None:
    whole = acquired(head, grid, flagged=BRAIN)
    with pytest.raises(PrivacyError, match="a face could be drawn from the CT"):
        require_export(whole, "A deck")
    cropped = cropped_below(whole, ORBITS_MM)
    require_export(cropped, "A deck")
    corner = cropped.position_mm((0, 0, 0))
    at = tuple(int(n) for n in np.rint(whole.index(corner)))
    assert np.allclose(whole.position_mm(at), corner)
    kept = tuple(slice(start, start + size) for start, size in zip(at, cropped.shape, strict=True))
    assert np.array_equal(whole.array[kept], cropped.array)
    assert corners_mm(cropped)[:, 2].max() <= ORBITS_MM + 1e-9
    assert any(issue.startswith("cropped below 120.0 mm") for issue in cropped.issues)


def corners_mm(volume: Volume) -> NDArray[np.float64]:
    ends = [(-0.5, n - 0.5) for n in volume.shape]
    return volume.position_mm(np.array(np.meshgrid(*ends)).reshape(3, -1).T)


def test_a_crop_as_thick_as_it_can_be() -> None:
    cropped = cropped_below(acquired(head, AXIAL, flagged=BRAIN), ORBITS_MM)
    assert corners_mm(cropped)[:, 2].max() == pytest.approx(118.0)  # slices of 4 mm with edges at 118 and 122 mm


@pytest.mark.parametrize("height_mm", [-500.0, 500.0])
def test_a_crop_that_takes_nothing_or_all_is_refused(height_mm: float) -> None:
    with pytest.raises(PrivacyError, match="takes part of a volume: expected a height from"):
        cropped_below(acquired(head, AXIAL, flagged=BRAIN), height_mm)


def test_a_crop_that_leaves_a_head_opens_nothing() -> None:
    with pytest.raises(PrivacyError, match="below 215 mm still looks like a head"):
        cropped_below(acquired(head, AXIAL, flagged=BRAIN), 215.0)


def test_slices_that_were_left_keep_their_images() -> None:
    whole = acquired(head, AXIAL, flagged=BRAIN)
    uids = tuple(f"1.2.{n}" for n in range(whole.shape[0]))
    named = Volume(whole.array, whole.affine, slice_uids=uids, modality="CT", head=BRAIN)
    cropped = cropped_below(named, ORBITS_MM)
    assert cropped.slice_uids == uids[: cropped.shape[0]]

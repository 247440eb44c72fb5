import hashlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.errors import EmptyMaskError, GeometryError
from sarcoma_review.phantom import Patient
from sarcoma_review.planning.alignment import Region, turned
from sarcoma_review.planning.information import Information
from sarcoma_review.planning.landmarks import Landmarks
from sarcoma_review.planning.registration import Registration, register
from sarcoma_review.volume import Grid, Volume

Array = NDArray[np.float64]


def unit(vector: Array) -> Array:
    length: Array = vector / np.linalg.norm(vector)
    return length


def known_move(seed: int, about: Array) -> Array:
    """A turn of 5 to 10 degrees and a shift of 8 to 15 mm."""
    rng = np.random.default_rng(seed)
    turn = np.radians(rng.uniform(5, 10)) * unit(rng.normal(size=3))
    return turned(turn, rng.uniform(8, 15) * unit(rng.normal(size=3)), about)


def halved(volume: Volume, factors: tuple[int, int, int] = (2, 2, 2)) -> Volume:
    """A smaller volume of the same place: blocks of voxels averaged."""
    shape = [n // f * f for n, f in zip(volume.shape, factors, strict=True)]
    cut = volume.array[: shape[0], : shape[1], : shape[2]].astype(np.float64)
    parts = cut.reshape(shape[0] // factors[0], factors[0], shape[1] // factors[1], factors[1], -1, factors[2])
    affine = volume.affine.copy()
    affine[:3, :3] = affine[:3, :3] * np.array(factors)
    affine[:3, 3] = volume.position_mm([(f - 1) / 2 for f in factors])
    return replace(volume, array=np.rint(parts.mean(axis=(1, 3, 5))).astype(np.int16), affine=affine)


@pytest.fixture(scope="module")
def images(patient: Patient) -> tuple[Volume, Volume]:
    """CT at 1.6 mm and MR at 4 x 1.6 x 1.6 mm."""
    return halved(patient.images[0].volume), halved(patient.images[1].volume, (1, 2, 2))


@pytest.fixture(scope="module")
def tumour_mm(patient: Patient) -> Array:
    mask = patient.segments[0].mask
    return np.asarray(mask.position_mm(np.argwhere(mask.array)).mean(axis=0), np.float64)


@pytest.fixture(scope="module")
def found(images: tuple[Volume, Volume], tumour_mm: Array) -> tuple[Registration, Array]:
    ct, mr = images
    move = known_move(1, tumour_mm)
    moving = replace(mr, affine=move @ mr.affine, frame_of_reference_uid="2.25.7")
    return register(ct, moving, target_mm=tumour_mm), move


def test_ct_and_mr_meet_within_half_a_voxel_at_the_tumour(
    found: tuple[Registration, Array], tumour_mm: Array
) -> None:
    registration, move = found
    expected = move[:3, :3] @ tumour_mm + move[:3, 3]
    error = float(np.linalg.norm(registration.to_moving(tumour_mm) - expected))
    assert error < 0.8
    assert error < 2 * registration.error_mm


def test_the_same_images_give_the_same_bits(images: tuple[Volume, Volume]) -> None:
    ct, mr = images
    regions = Region.of(ct, None, "fixed"), Region.of(mr, None, "moving")

    def digest() -> str:
        summit = Information.sampled(*regions, count=5000, seed=3).climb(np.eye(4))
        return hashlib.sha256(summit.transform.tobytes()).hexdigest()

    assert digest() == digest()


def test_slope_of_the_information_is_that_of_small_differences(images: tuple[Volume, Volume]) -> None:
    base = turned(np.array([0.05, -0.08, 0.03]), np.array([1.0, 2.0, -1.0]), np.zeros(3))
    regions = (Region.of(image, None, "image") for image in images)
    information = Information.sampled(*regions, count=8000, seed=1).within(base)
    pose, step = np.array([0.3, -0.5, 0.2, 0.4, 0.1, -0.3]), 1e-4
    _, slope = information.loss(pose, base)
    ends = [[information.loss(pose + sign * step * axis, base)[0] for sign in (1, -1)] for axis in np.eye(6)]
    assert slope == pytest.approx([(up - down) / (2 * step) for up, down in ends], abs=5e-4)


def test_apply_puts_the_moving_image_where_the_fixed_one_lies(
    found: tuple[Registration, Array], images: tuple[Volume, Volume]
) -> None:
    registration, move = found
    ct, mr = images
    moving = replace(mr, affine=move @ mr.affine, frame_of_reference_uid="2.25.7", clearance="receipt")
    moved = registration.apply(moving)
    assert moved.grid.same_as(ct.grid)
    assert moved.array.dtype == np.int16
    assert moved.clearance == "receipt"
    assert moved.description == mr.description
    assert moved.frame_of_reference_uid == ct.frame_of_reference_uid
    level = ndimage.map_coordinates(mr.array.astype(float), mr.index(ct.position_mm((46, 52, 52)))[:, None], order=1)
    assert float(moved.array[46, 52, 52]) == pytest.approx(float(level[0]), abs=60)


def test_a_mask_stays_a_mask_and_keeps_its_volume(found: tuple[Registration, Array], tumour_mm: Array) -> None:
    registration, move = found
    lattice = Grid((60, 60, 60), move @ _centred(60, tumour_mm))
    index = np.stack(np.meshgrid(*[np.arange(60)] * 3, indexing="ij"), axis=-1)
    ball = Volume(np.linalg.norm(index - 29.5, axis=-1) < 20, lattice.affine)
    moved = registration.apply(ball)
    assert moved.array.dtype == np.bool_
    expected = 4 / 3 * np.pi * 20**3 / 1000
    assert moved.array.sum() * moved.grid.voxel_volume_ml == pytest.approx(expected, rel=0.02)


def _centred(size: int, middle: Array) -> Array:
    affine = np.eye(4)
    affine[:3, 3] = middle - (size - 1) / 2
    return affine


def test_a_volume_of_another_frame_is_not_resampled(
    found: tuple[Registration, Array], images: tuple[Volume, Volume]
) -> None:
    with pytest.raises(GeometryError, match="expected one frame of reference"):
        found[0].apply(replace(images[1], frame_of_reference_uid="2.25.8"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_unlike_images_are_refused(images: tuple[Volume, Volume], seed: int) -> None:
    ct = halved(images[0])
    noise = np.random.default_rng(seed).normal(0, 100, ct.shape).astype(np.int16)
    with pytest.raises(GeometryError, match="registration refused"):
        register(ct, replace(ct, array=noise, frame_of_reference_uid="2.25.9"))


def test_images_that_overlap_too_little_wherever_one_is_put_are_refused(images: tuple[Volume, Volume]) -> None:
    ct = halved(images[0])
    with pytest.raises(GeometryError, match="overlap too little wherever one is put"):
        register(ct, replace(ct, array=ct.array[:9]))


def test_a_start_that_loses_the_images_is_refused(images: tuple[Volume, Volume]) -> None:
    ct = halved(images[0])
    places = ct.position_mm([(0, 0, 0), (40, 0, 0), (0, 40, 0), (0, 0, 40)])
    with pytest.raises(GeometryError, match="lost each other"):
        register(ct, ct, landmarks=(places, places + np.array([0.0, 0.0, 900.0])))


def test_landmarks_open_a_capture_that_no_search_reaches(images: tuple[Volume, Volume]) -> None:
    ct = halved(images[0])
    move = turned(np.radians([0.0, 0.0, 40.0]), np.array([400.0, -200.0, 90.0]), np.zeros(3))
    rng, places = np.random.default_rng(9), ct.position_mm([(5, 9, 9), (40, 9, 30), (10, 40, 12), (30, 30, 45)])
    marked = places @ move[:3, :3].T + move[:3, 3] + rng.normal(0, 2.0, places.shape)
    registration = register(ct, replace(ct, affine=move @ ct.affine), landmarks=(places, marked))
    assert registration.to_moving(places) == pytest.approx(places @ move[:3, :3].T + move[:3, 3], abs=0.8)


def shaft(rng: np.random.Generator) -> Volume:
    """A plain tube along z, the same all the way, in noise: nothing says how far along it one is."""
    _, y, x = np.mgrid[0:70, 0:48, 0:48]
    radius = np.hypot(y - 23.5, x - 20.0) + 0.15 * (x - 20.0)
    clean = ndimage.gaussian_filter(np.where((radius < 14) & (radius > 8), 1400.0, 50.0), 0.6)
    return Volume((clean + rng.normal(0, 12, clean.shape)).astype(np.int16), np.diag([1.0, 1.0, 1.0, 1.0])[_ORDER])


_ORDER = [2, 1, 0, 3]  # slices along z


def test_the_direction_along_a_plain_shaft_shows_in_the_error() -> None:
    rng = np.random.default_rng(4)
    fixed, moving = shaft(rng), shaft(rng)
    registration = register(fixed, moving, limit_mm=100.0)
    direction, along_mm = registration.weakest
    assert abs(direction[2]) > 0.9
    assert along_mm > 1.0
    assert any("known to" in finding for finding in registration.findings)
    with pytest.raises(GeometryError, match="estimated error at the tumour"):
        register(fixed, moving, limit_mm=0.5)


def test_a_sheared_grid_is_refused(images: tuple[Volume, Volume]) -> None:
    ct, mr = images
    affine = ct.affine.copy()
    affine[1, 0] += 0.3
    with pytest.raises(GeometryError, match=r"sheared by .* degrees"):
        register(replace(ct, affine=affine), mr)


def test_an_empty_focus_and_one_on_another_grid_are_refused(images: tuple[Volume, Volume]) -> None:
    ct, mr = images
    with pytest.raises(EmptyMaskError, match="focus on the fixed volume has no voxels"):
        Region.of(ct, Volume(np.zeros(ct.shape, bool), ct.affine), "fixed")
    with pytest.raises(GeometryError, match="focus must lie on the grid of the fixed"):
        Region.of(ct, Volume(np.ones(mr.shape, bool), mr.affine), "fixed")


def test_landmarks_are_aligned_in_closed_form() -> None:
    places = np.array([(0.0, 0, 0), (60, 0, 0), (0, 40, 0), (0, 0, 80)])
    move = known_move(5, np.array([20.0, 10.0, 20.0]))
    marks = Landmarks(places, places @ move[:3, :3].T + move[:3, 3])
    assert marks.transform == pytest.approx(move, abs=1e-9)
    assert marks.residual_mm == pytest.approx(0.0, abs=1e-9)


def test_landmark_error_at_a_target_is_that_of_many_trials() -> None:
    rng, places, target = np.random.default_rng(6), np.random.default_rng(7).uniform(-40, 40, (6, 3)), (20.0, 90.0, 0)
    errors = []
    for _ in range(800):
        matrix = Landmarks(places, places + rng.normal(0, 1 / np.sqrt(3), places.shape)).transform
        errors.append(np.linalg.norm(matrix[:3, :3] @ target + matrix[:3, 3] - target))
    expected = Landmarks(places, places).error_mm(target, localisation_mm=1.0)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(expected, rel=0.06)


def test_landmarks_that_fix_no_turn_are_refused() -> None:
    line = [(0.0, 0, 0), (10, 0, 0), (20, 0, 0)]
    with pytest.raises(GeometryError, match="lie on one line"):
        Landmarks(line, line)
    with pytest.raises(GeometryError, match="at least 3 pairs"):
        Landmarks(line[:2], line[:2])

"""Thin fingers and specks: what a mask holds must never be smoothed away. Phantom F stands in test_achieved."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, Ellipsoid, Finger, aligned, directions, enclosed_ml, mask

SPACINGS = [(0.8, 0.8, 0.8), (3.0, 0.8, 0.8), (5.0, 1.0, 1.0)]
Z = np.array([0.0, 0.0, 1.0])


def reached(volume: Volume, direction: NDArray[np.float64]) -> float:
    """How far the furthest voxel centre lies along a direction, mm."""
    return float((volume.position_mm(np.argwhere(volume.array)) @ direction).max())


@pytest.mark.parametrize("make", [mask, aligned])
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("radius_mm", [1.5, 2.5])
def test_phantom_d_a_finger_that_the_mask_holds_keeps_its_margin(
    radius_mm: float, spacing: tuple[float, float, float], make: Callable[..., Volume]
) -> None:
    finger = Finger(18.0, 32.0, radius_mm)
    half_diagonal = float(np.linalg.norm(spacing)) / 2
    for seed in range(4):
        volume = make(finger, np.random.default_rng(seed), spacing, 37)
        report = resection_margins(TumourSurface.from_mask(volume), ResectionPlan([Plane(40 * Z, Z)]))
        held = reached(volume, Z)
        assert report.minimum_mm <= 40 - held + 1e-9
        assert report.minimum_mm >= 40 - held - 2 * half_diagonal
        if finger.reach() - held <= half_diagonal:  # the mask holds the tip
            assert report.minimum_mm - (40 - finger.reach()) <= half_diagonal


def test_phantom_d_a_finger_of_three_voxels_has_its_closed_form_margin_to_a_tenth_of_a_millimetre() -> None:
    for seed in range(5):
        volume = mask(Finger(18.0, 32.0, 2.5), np.random.default_rng(seed), SPACINGS[0], 37)
        report = resection_margins(TumourSurface.from_mask(volume), ResectionPlan([Plane(40 * Z, Z)]))
        assert report.minimum_mm == pytest.approx(40 - 32 - 2.5, abs=0.16)


@pytest.mark.parametrize("seed", range(3))
def test_the_volume_lies_within_three_thousandths_of_the_closed_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    for solid, truth_ml in (
        (Ball(rng.uniform(-1, 1, 3), 20.0), 4 / 3 * np.pi * 8.0),
        (Ellipsoid(rng.uniform(-1, 1, 3), (30, 18, 14), turn), 4 / 3 * np.pi * 30 * 18 * 14 / 1000),
        (Finger(18.0, 32.0, 2.5), Finger(18.0, 32.0, 2.5).volume_ml()),
    ):
        surface = TumourSurface.from_mask(mask(solid, rng, SPACINGS[0], 37))
        assert surface.volume_ml == pytest.approx(truth_ml, rel=0.003)
        assert enclosed_ml(surface.vertices, surface.faces) == pytest.approx(truth_ml, rel=0.006)


def with_speck(rng: np.random.Generator, spacing: tuple[float, float, float]) -> tuple[Volume, NDArray[np.float64]]:
    """A ball of 8 mm, a chain of one to five voxels well off it, and the direction from one to the other."""
    away = directions(rng, 1)[0]
    volume = mask(Ball(-10 * away, 8.0), rng, spacing, 24)
    array = volume.array.copy()
    at = np.rint(volume.index(12 * away)).astype(int)
    for _ in range(int(rng.integers(1, 6))):
        array[tuple(at)] = True
        at = at + np.eye(3, dtype=int)[rng.integers(3)] * rng.choice([-1, 1])
    return Volume(array, volume.affine), away


@pytest.mark.parametrize("spacing", SPACINGS)
def test_phantom_g_no_speck_is_lost_or_looks_further_off_than_it_is(
    spacing: tuple[float, float, float],
) -> None:
    for seed in range(25):
        volume, away = with_speck(np.random.default_rng(seed), spacing)
        assert ndimage.label(volume.array, np.ones((3, 3, 3)))[1] == 2
        surface = TumourSurface.from_mask(volume)
        report = resection_margins(surface, ResectionPlan([Plane(30 * away, away)]))
        held = 30 - reached(volume, away)
        assert surface.components == 2
        assert np.isfinite(report.per_component).all()
        assert held - np.linalg.norm(spacing) <= report.minimum_mm <= held + 1e-9

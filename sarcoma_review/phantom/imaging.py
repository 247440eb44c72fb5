"""Forming images of a limb: CT and MR."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter, uniform_filter

from sarcoma_review.phantom.shapes import Field, Points, coverage, extent, rise
from sarcoma_review.phantom.surfaces import skin_distance
from sarcoma_review.phantom.surgery import Cut
from sarcoma_review.phantom.thigh import Limb, tissues
from sarcoma_review.volume import Grid

HU = {
    "air": -1000.0, "skin": 15.0, "fat": -104.0, "septum": 30.0, "muscle": 60.0, "tendon": 92.0, "ligament": 84.0,
    "artery": 47.0, "vein": 45.0, "nerve": 30.0, "cortex": 1480.0, "trabecular": 470.0, "marrow": -66.0,
    "cartilage": 96.0, "fluid": 14.0, "tumour": 50.0, "osteoid": 760.0, "necrosis": 22.0,
    "cement": 260.0,
}  # fmt: skip
"""CT numbers of the tissues at about 120 kV."""

T1 = {
    "air": 0.0, "skin": 420.0, "fat": 1000.0, "septum": 330.0, "muscle": 330.0, "tendon": 60.0, "ligament": 110.0,
    "artery": 45.0, "vein": 120.0, "nerve": 480.0, "cortex": 25.0, "trabecular": 560.0, "marrow": 930.0,
    "cartilage": 430.0, "fluid": 210.0, "tumour": 310.0, "osteoid": 120.0, "necrosis": 235.0,
}  # fmt: skip
"""Signal of the tissues in a T1-weighted spin echo, fat being 1000."""


SUB_SLICES = (-5 / 12, -3 / 12, -1 / 12, 1 / 12, 3 / 12, 5 / 12)
"""Where a thick slice is sampled, in slices from its centre."""


def slabs(
    grid: Grid, origin_mm: Field, offsets: tuple[float, ...] = (0.0,), stagger: float = 0.0
) -> Iterator[Points]:
    """The grid's voxel centres one slice at a time, in the knee's own frame, shape (offsets, rows, columns).

    Parameters
    ----------
    grid : Grid
        Its columns must run along x and nothing else may, which lets the positions broadcast.
    origin_mm : ndarray, shape (3,)
        The knee's origin in patient space.
    offsets : tuple of float
        Places within the thickness of a slice, in slices from its centre.
    stagger : float
        How far, in slices, the places differ between even and odd rows; the blur that follows merges the rows,
        so that slanting edges show no steps.
    """
    step = grid.affine[:3, :3]
    start = grid.affine[:3, 3] - origin_mm
    rows, columns = np.arange(grid.shape[1])[:, None], np.arange(grid.shape[2])[None, :]
    for number in range(grid.shape[0]):
        at = (number + np.asarray(offsets))[:, None, None] + stagger * (rows % 2 - 0.5)
        x = start[0] + step[0, 2] * columns[None]
        y, z = (start[i] + step[i, 0] * at + step[i, 1] * rows for i in (1, 2))
        yield Points(x, y, z)


def turned_slabs(grid: Grid, to_knee: Field) -> Iterator[Points]:
    """The voxel centres of any grid one slice at a time, in the knee's own frame, shape (1, rows, columns).

    Parameters
    ----------
    grid : Grid
    to_knee : ndarray, shape (4, 4)
        Takes the grid's patient space (mm) to the knee's own frame (mm).
    """
    step, (_, rows, columns) = (to_knee @ grid.affine)[:3], grid.shape
    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    for number in range(grid.shape[0]):
        x, y, z = (part[3] + part[0] * number + part[1] * row + part[2] * column for part in step)
        yield Points(x[None], y[None], z[None])


def painted(limb: Limb, points: Points, table: dict[str, float], cuts: Sequence[Cut] = ()) -> tuple[Field, Field]:
    """A quantity and the share of air at points of shape (offsets, rows, columns), averaged over the offsets."""
    value, air = np.full(points.shape[1:], table["air"]), np.ones(points.shape[1:])
    near: NDArray[np.bool_] = skin_distance(points) < 1.0
    if near.any():
        window = extent(np.any(near, axis=(0, 2))), extent(np.any(near, axis=(0, 1)))
        blend = tissues(points.window(*window), limb, cuts)
        value[window], air[window] = blend.value(table).mean(axis=0), blend.fractions["air"].mean(axis=0)
    return value, air


def ct_image(limb: Limb, grid: Grid, origin_mm: Field, rng: np.random.Generator) -> NDArray[np.int16]:
    """CT numbers of a limb on a table, in HU."""
    image = np.empty(grid.shape)
    for number, points in enumerate(slabs(grid, origin_mm)):
        hu, air = painted(limb, points, HU)
        image[number] = hu + air * table_hu(points)[0]
    return _scanned(image, rng)


def postoperative_ct_image(
    limb: Limb, grid: Grid, to_knee: Field, *, cuts: Sequence[Cut], rng: np.random.Generator
) -> NDArray[np.int16]:
    """CT numbers in HU of an operated limb that lies turned in the scanner, on a table that does not."""
    image, upright = np.empty(grid.shape), slabs(grid, np.asarray(np.linalg.inv(to_knee)[:3, 3], np.float64))
    for number, (points, on_table) in enumerate(zip(turned_slabs(grid, to_knee), upright, strict=True)):
        hu, air = painted(limb, points, HU, cuts)
        image[number] = hu + air * table_hu(on_table)[0]
    return _scanned(image, rng)


def _scanned(image: Field, rng: np.random.Generator) -> NDArray[np.int16]:
    """What a scanner with a soft kernel makes of true CT numbers: blurred, noisy, whole numbers."""
    image = gaussian_filter(image, (0.45, 0.62, 0.62))
    image += _quantum_noise(image, rng) + _streaks(image, rng)
    coded: NDArray[np.int16] = np.clip(np.rint(image), -1024, 3071).astype(np.int16)
    return coded


def table_hu(points: Points) -> Field:
    """What the mattress and the carbon shell of the table add to air, in HU."""
    sag = points.x**2 / 1500.0
    cover = coverage(np.abs(points.y - 78.0 + sag) - 0.5, 0.9) * 330.0
    foam = rise(points.y + sag, 78.0, 79.0) * 45.0
    shell = coverage(np.abs(points.y - 84.5 + 1.4 * sag) - 0.9, 0.9) * 1150.0
    return np.asarray(cover + foam + shell)


def _quantum_noise(image: Field, rng: np.random.Generator) -> Field:
    """Noise with the grain of a soft kernel, stronger in the middle of the limb, in HU."""
    f = np.hypot(fft.fftfreq(image.shape[1])[:, None], fft.rfftfreq(image.shape[2])[None, :])
    kernel = np.sqrt(f + 0.02) * np.exp(-((f / 0.25) ** 2))
    white = rng.standard_normal(image.shape)
    grain = np.stack([fft.irfft2(fft.rfft2(plane) * kernel, s=plane.shape) for plane in white])
    grain = gaussian_filter(grain, (0.4, 0.0, 0.0))
    grain /= grain.std()
    body = uniform_filter(uniform_filter((image > -500) * 1.0, (1, 31, 31)), (1, 31, 31))
    return np.asarray(grain * (1.8 + 9.0 * np.clip(body, 0, 1) ** 1.5))


def _streaks(image: Field, rng: np.random.Generator) -> Field:
    """Faint streaks along rows that cross much bone, where few photons arrive, in HU."""
    bone_mm = (np.clip(image, 200, 1400) - 200).sum(axis=2, keepdims=True) * 0.8 / 1200
    white = uniform_filter(rng.standard_normal(image.shape), (1, 1, 41))
    return np.asarray(white / white.std() * np.minimum(bone_mm / 15.0, 2.2) * (image > -400))


def mr_image(limb: Limb, grid: Grid, origin_mm: Field, rng: np.random.Generator) -> NDArray[np.int16]:
    """T1-weighted signal of a limb, in arbitrary units, fat near 1000."""
    image = np.empty(grid.shape)
    for number, points in enumerate(slabs(grid, origin_mm, offsets=SUB_SLICES, stagger=1 / 12)):
        image[number], _ = painted(limb, points, T1)
    image = gaussian_filter(image, (0.0, 0.65, 0.5)) * _coil_shading(grid)
    noise = rng.standard_normal((2, *grid.shape)) * 13.0
    coded: NDArray[np.int16] = np.rint(np.hypot(image + noise[0], noise[1])).astype(np.int16)
    return coded


def _coil_shading(grid: Grid) -> Field:
    """Sensitivity of a coil around the knee: it falls toward the ends, and a little from side to side."""
    s, r, c = (
        np.linspace(-1, 1, n).reshape([-1 if i == k else 1 for i in range(3)]) for k, n in enumerate(grid.shape)
    )
    return np.asarray((1.0 - 0.30 * r**4) * (1.0 + 0.10 * c - 0.06 * c**2) * (1.0 - 0.12 * s**2 + 0.05 * s))

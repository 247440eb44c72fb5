"""Forming images of a body: CT and MR."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import gaussian_filter, uniform_filter

from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.brightness import HU
from sarcoma_review.phantom.shapes import Field, Points, coverage, extent, rise
from sarcoma_review.volume import Grid

SUB_SLICES = (-5 / 12, -3 / 12, -1 / 12, 1 / 12, 3 / 12, 5 / 12)
"""Where a thick slice is sampled, in slices from its centre."""


@dataclass(frozen=True)
class Body:
    """What images are formed of.

    Parameters
    ----------
    skin_mm : callable
        Distance outside the skin of points in the body's own frame.
    tissues : callable
        Tissue fractions at points, with ``"air"`` among them.
    table_mm : float, optional
        Where the top of the table lies along y in the body's own frame; without it CT shows no table.
    """

    skin_mm: Callable[[Points], Field]
    tissues: Callable[[Points], Blend]
    table_mm: float | None = None


def slabs(
    grid: Grid, origin_mm: Field, offsets: tuple[float, ...] = (0.0,), stagger: float = 0.0
) -> Iterator[Points]:
    """The grid's voxel centres one slice at a time, in the body's own frame, shape (offsets, rows, columns).

    Parameters
    ----------
    grid : Grid
        Whatever axis does not change x, y or z costs it nothing: the positions broadcast.
    origin_mm : ndarray, shape (3,)
        The body's origin in patient space.
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
        yield Points(*(_along(start[i], step[i], (at, rows[None], columns[None])) for i in range(3)))


def _along(start: float, steps: Field, indices: Sequence[NDArray[Any]]) -> Field:
    """One coordinate of a lattice, over the axes that change it alone."""
    position = np.full((1, 1, 1), start)
    for step, index in zip(steps, indices, strict=True):
        if step:
            position = position + step * index
    return position


def turned_slabs(grid: Grid, to_body: Field) -> Iterator[Points]:
    """The voxel centres of any grid one slice at a time, in the body's own frame, shape (1, rows, columns).

    Parameters
    ----------
    grid : Grid
    to_body : ndarray, shape (4, 4)
        Takes the grid's patient space (mm) to the body's own frame (mm).
    """
    step, (_, rows, columns) = (to_body @ grid.affine)[:3], grid.shape
    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    for number in range(grid.shape[0]):
        x, y, z = (part[3] + part[0] * number + part[1] * row + part[2] * column for part in step)
        yield Points(x[None], y[None], z[None])


def painted(body: Body, points: Points, tables: Sequence[dict[str, float]]) -> tuple[list[Field], Field]:
    """Quantities and the share of air at points of shape (offsets, rows, columns), averaged over the offsets."""
    values, air = [np.full(points.shape[1:], table["air"]) for table in tables], np.ones(points.shape[1:])
    near: NDArray[np.bool_] = body.skin_mm(points) < 1.0
    if near.any():
        window = extent(np.any(near, axis=(0, 2))), extent(np.any(near, axis=(0, 1)))
        blend = body.tissues(points.window(*window))
        air[window] = blend.fractions["air"].mean(axis=0)
        for value, table in zip(values, tables, strict=True):
            value[window] = blend.value(table).mean(axis=0)
    return values, air


def ct_image(body: Body, grid: Grid, origin_mm: Field, rng: np.random.Generator) -> NDArray[np.int16]:
    """CT numbers of a body on a table, in HU."""
    image = np.empty(grid.shape)
    for number, points in enumerate(slabs(grid, origin_mm)):
        (hu,), air = painted(body, points, [HU])
        image[number] = hu + air * table_hu(points, body.table_mm)
    return _scanned(image, rng)


def turned_ct_image(body: Body, grid: Grid, to_body: Field, rng: np.random.Generator) -> NDArray[np.int16]:
    """CT numbers in HU of a body that lies turned in the scanner, on a table that does not."""
    image, upright = np.empty(grid.shape), slabs(grid, np.asarray(np.linalg.inv(to_body)[:3, 3], np.float64))
    for number, (points, on_table) in enumerate(zip(turned_slabs(grid, to_body), upright, strict=True)):
        (hu,), air = painted(body, points, [HU])
        image[number] = hu + air * table_hu(on_table, body.table_mm)
    return _scanned(image, rng)


def _scanned(image: Field, rng: np.random.Generator) -> NDArray[np.int16]:
    """What a scanner with a soft kernel makes of true CT numbers: blurred, noisy, whole numbers."""
    image = gaussian_filter(image, (0.45, 0.62, 0.62))
    image += _quantum_noise(image, rng) + _streaks(image, rng)
    coded: NDArray[np.int16] = np.clip(np.rint(image), -1024, 3071).astype(np.int16)
    return coded


def table_hu(points: Points, top_mm: float | None) -> Field:
    """What the mattress and the carbon shell of the table add to air in one slice, in HU."""
    if top_mm is None:
        return np.zeros(points.shape[1:])
    sag = points.x**2 / 1500.0
    cover = coverage(np.abs(points.y - top_mm + sag) - 0.5, 0.9) * 330.0
    foam = rise(points.y + sag, top_mm, top_mm + 1.0) * 45.0
    shell = coverage(np.abs(points.y - (top_mm + 6.5) + 1.4 * sag) - 0.9, 0.9) * 1150.0
    return np.asarray((cover + foam + shell)[0])


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


def mr_images(
    body: Body,
    grid: Grid,
    origin_mm: Field,
    *,
    tables: Sequence[dict[str, float]],
    rng: np.random.Generator,
    noise: float = 13.0,
    offsets: tuple[float, ...] = SUB_SLICES,
) -> list[NDArray[np.int16]]:
    """Signals of a body in arbitrary units, one image for each table of brightness, all on one grid.

    Parameters
    ----------
    body : Body
    grid : Grid
    origin_mm : ndarray, shape (3,)
        The body's origin in patient space.
    tables : sequence of dict
        Signal of each tissue.
    rng : numpy.random.Generator
    noise : float
        Standard deviation in each channel, in units of the signal.
    offsets : tuple of float
        As for `slabs`.
    """
    images = np.empty((len(tables), *grid.shape))
    for number, points in enumerate(slabs(grid, origin_mm, offsets=offsets, stagger=0.5 / len(offsets))):
        images[:, number] = painted(body, points, tables)[0]
    return [_received(image, grid, noise=noise, rng=rng) for image in images]


def _received(image: Field, grid: Grid, *, noise: float, rng: np.random.Generator) -> NDArray[np.int16]:
    """What a coil and a scanner make of true signal: blurred, shaded, noisy in two channels, whole numbers."""
    image = gaussian_filter(image, (0.0, 0.65, 0.5)) * _coil_shading(grid)
    channels = rng.standard_normal((2, *grid.shape)) * noise
    coded: NDArray[np.int16] = np.rint(np.hypot(image + channels[0], channels[1])).astype(np.int16)
    return coded


def _coil_shading(grid: Grid) -> Field:
    """Sensitivity of a coil around the body: it falls toward the ends, and a little from side to side."""
    s, r, c = (
        np.linspace(-1, 1, n).reshape([-1 if i == k else 1 for i in range(3)]) for k, n in enumerate(grid.shape)
    )
    return np.asarray((1.0 - 0.30 * r**4) * (1.0 + 0.10 * c - 0.06 * c**2) * (1.0 - 0.12 * s**2 + 0.05 * s))

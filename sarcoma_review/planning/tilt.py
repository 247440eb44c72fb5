"""The search behind `sarcoma_review.planning.optimise`: how to tilt one plane of several.

For a given normal the place of a plane is closed form: as far out as the tumour reaches along the normal (the support
function of its convex hull) and what the margin asks beyond that. So only the tilt is searched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from sarcoma_review.planning.bone import Cells
from sarcoma_review.planning.resection import Plane, ResectionPlan

Array = NDArray[np.float64]

_RINGS = 4
_CHANCES = 12
_STEEP = 10.0  # a mm of a spared structure's distance weighs more than all of the bone
_GAIN = 2e-5  # of the bone: less than this is no reason to turn a plane
_TIE = 1e-5  # of the bone, at the largest tilt: between equals the smaller tilt


@dataclass(frozen=True, eq=False)
class Spared:
    """Points (n, 3) LPS mm of a structure, and how far in mm they have to stay from the specimen and its kerf."""

    points_mm: Array
    distance_mm: float


@dataclass(frozen=True, eq=False)
class Scene:
    """What the search sees.

    Parameters
    ----------
    reach_mm : ndarray, shape (h, 3)
        Corners of the tumour's convex hull, LPS mm.
    bone : Cells
        Of which as much as can be is kept.
    spared : tuple of Spared
        What the specimen must stay away from.
    max_tilt : float
        Radians.
    """

    reach_mm: Array
    bone: Cells
    spared: tuple[Spared, ...]
    max_tilt: float


@dataclass(frozen=True, eq=False)
class Cut:
    """A plane being placed.

    Parameters
    ----------
    template : Plane
        It starts from this one.
    frame : ndarray, shape (3, 3)
        Rows: the template's normal and two directions across it.
    tilt : ndarray, shape (2,)
        Turn in radians towards the second and the third row.
    margin_mm : float
        The margin it has to have.
    excess_mm : float
        How much further the tumour reaches at this tilt, by the refined margin, than the corners of its hull.
    sd_mm : float
        Standard deviation of the margin at this tilt.
    shift_mm : float
        How much lower the outline's error brings it on average.
    """

    template: Plane
    frame: Array
    tilt: Array
    margin_mm: float = 0.0
    excess_mm: float = 0.0
    sd_mm: float = 0.0
    shift_mm: float = 0.0

    def normal(self, tilt: Array) -> Array:
        """Unit normal, shape (3,), at a tilt, shape (2,)."""
        angle = float(np.hypot(tilt[0], tilt[1]))
        normal: Array = np.cos(angle) * self.frame[0] + np.sinc(angle / np.pi) * (tilt @ self.frame[1:])
        return normal

    def plane(self, reach_mm: Array) -> Plane:
        """The plane at its tilt, with its margin, for a tumour whose hull has the corners `reach_mm`."""
        normal = self.normal(self.tilt)
        outwards = float(((reach_mm - self.template.point_mm) @ normal).max()) + self.excess_mm + self.margin_mm
        point = self.template.point_mm + outwards * normal
        return Plane(point, normal, name=self.template.name, kerf_mm=self.template.kerf_mm)


def cut_from(template: Plane, axes: Array) -> Cut:
    """Take a plane as it stands, with tilts counted along the columns of `axes` (3, 3) so that they turn with it."""
    across = axes - np.outer(template.normal, template.normal @ axes)
    first = across[:, np.argmax(np.linalg.norm(across, axis=0).round(9))]
    first = first / np.linalg.norm(first)
    return Cut(template, np.stack([template.normal, first, np.cross(template.normal, first)]), np.zeros(2))


def descend(scene: Scene, cuts: Sequence[Cut], rng: np.random.Generator) -> tuple[Cut, ...]:
    """Tilt each plane in turn to what loses least bone while the others stay; one that cannot do better stays too."""
    placed = list(cuts)
    for number in range(len(placed)):
        others = [cut.plane(scene.reach_mm) for cut in placed[:number] + placed[number + 1 :]]
        cost = _cost(scene, placed[number], others)
        tilt = _best(cost, placed[number].tilt, scene, rng)
        placed[number] = replace(placed[number], tilt=tilt)
    return tuple(placed)


def same_tilts(cuts: Sequence[Cut], others: Sequence[Cut]) -> bool:
    """Say whether no tilt was changed between two states of the same cuts."""
    return all(cut.tilt is other.tilt for cut, other in zip(cuts, others, strict=True))


def _cost(scene: Scene, cut: Cut, others: list[Plane]) -> Callable[[Array], float]:
    """Give a function of a tilt (2,): ml of bone lost, and a steep price for a spared structure too near."""
    behind = scene.bone.shares_behind(ResectionPlan(others))[1] if others else np.ones(len(scene.bone.volumes_ml))
    at_stake = scene.bone.volumes_ml * behind
    centres, at_stake = scene.bone.centres_mm[at_stake > 0].T.copy(), at_stake[at_stake > 0]
    reach, whole = scene.reach_mm.T.copy(), scene.bone.total_ml
    spared = [(part.points_mm.T.copy(), part.distance_mm, _short_mm(part, others)) for part in scene.spared]
    beyond_mm = cut.excess_mm + cut.margin_mm + cut.template.kerf_mm

    def cost(tilt: Array) -> float:
        normal = cut.normal(tilt)
        offset = float(_along(reach, normal).max()) + beyond_mm
        shares = np.clip(0.5 - (_along(centres, normal) - offset) / scene.bone.widths_mm(normal), 0.0, 1.0)
        price = float(np.sum(at_stake * shares) + _TIE * whole * (tilt @ tilt) / scene.max_tilt**2)
        for points, distance_mm, short_mm in spared:
            by_this = distance_mm + offset - _along(points, normal)
            worst_mm = max(0.0, float(np.minimum(short_mm, by_this).max()))
            price += _STEEP * whole * (worst_mm + (worst_mm > 0))
        return price

    return cost


def _along(coordinates: Array, normal: Array) -> Array:
    """Products of points (3, n) with a normal; for three columns quicker than a matrix product, and on one core."""
    along: Array = coordinates[0] * normal[0]
    along += coordinates[1] * normal[1]
    along += coordinates[2] * normal[2]
    return along


def _short_mm(part: Spared, planes: list[Plane]) -> Array:
    """How many mm each point lacks of its distance, by whichever of the planes lies best."""
    if not planes:
        return np.full(len(part.points_mm), np.inf)
    beyond = [plane.distance_mm(part.points_mm) - plane.kerf_mm for plane in planes]
    short: Array = part.distance_mm - np.max(beyond, axis=0)
    return short


def _best(cost: Callable[[Array], float], now: Array, scene: Scene, rng: np.random.Generator) -> Array:
    """Tilt of least cost: a fixed grid, some chances, then a simplex from the best of them."""
    limit, enough = scene.max_tilt, _GAIN * scene.bone.total_ml
    if limit <= 0:
        return now
    starts = np.concatenate([now[None], _grid(limit), _chances(limit, rng)])
    costs = [cost(tilt) for tilt in starts]
    best = starts[np.argmin(costs)]
    step = limit / _RINGS / 2
    found = scipy.optimize.minimize(
        lambda tilt: cost(_within(tilt, limit)),
        best,
        method="Nelder-Mead",
        options={
            "initial_simplex": best + step * np.array([[0.0, 0.0], [1.0, 0.3], [-0.3, 1.0]]),
            "xatol": np.radians(0.02),
            "fatol": enough / 4,
            "maxfev": 90,
        },
    )
    return _within(found.x, limit) if found.fun < costs[0] - enough else now


def _within(tilt: Array, limit: float) -> Array:
    return tilt * min(1.0, limit / max(float(np.linalg.norm(tilt)), 1e-12))


def _grid(limit: float) -> Array:
    """The middle and rings round it, shape (c, 2)."""
    tilts = [np.zeros((1, 2))]
    for ring in range(1, _RINGS + 1):
        turn = np.linspace(0.0, 2 * np.pi, 6 * ring, endpoint=False)
        tilts.append(limit * ring / _RINGS * np.stack([np.cos(turn), np.sin(turn)], axis=1))
    return np.concatenate(tilts)


def _chances(limit: float, rng: np.random.Generator) -> Array:
    radius, turn = limit * np.sqrt(rng.random(_CHANCES)), 2 * np.pi * rng.random(_CHANCES)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)

"""A resection as it is planned: planes in patient space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.volume import Segment, Volume

Expansion = float | tuple[float, float, float] | tuple[float, float, float, float, float, float]
"""A margin in mm: all round; along x, y, z; or towards right, left, anterior, posterior, inferior, superior."""

_OFF_PLANE_MM = 0.1
_SAME_CORNER_MM = 1e-6
_STRAIGHT = 1e-6  # mm2: two edges that turn by less run straight on


@dataclass(frozen=True, eq=False)
class Plane:
    """One plane of a resection: the tumour-side face of the cut.

    Parameters
    ----------
    point_mm : array_like, shape (3,)
        A point on the plane, LPS mm.
    normal : array_like, shape (3,)
        Direction away from the specimen, towards the patient who stays; any length, stored as a unit vector.
    name : str
        Such as ``"proximal"``; unique within a plan.
    kerf_mm : float
        Width of tissue the saw takes, beyond the plane on the patient's side; it never counts as margin.
    patch_mm : array_like, shape (k, 3), optional
        Corners of the convex polygon at which the cut ends, in order round it, LPS mm; without it the plane is
        endless. `clipped` and `step_cut` make them.

    Raises
    ------
    PlanError
        If the normal has no direction, a number is not finite, the kerf is negative, or the patch is no convex
        polygon within 0.1 mm of the plane.

    Examples
    --------
    >>> cut = Plane((0, 0, 100), (0, 0, 2), name="proximal")
    >>> float(cut.distance_mm((0, 0, 90)))
    -10.0
    """

    point_mm: NDArray[np.float64]
    normal: NDArray[np.float64]
    name: str = "plane"
    kerf_mm: float = 1.0
    patch_mm: NDArray[np.float64] | None = None

    def __init__(
        self,
        point_mm: ArrayLike,
        normal: ArrayLike,
        *,
        name: str = "plane",
        kerf_mm: float = 1.0,
        patch_mm: ArrayLike | None = None,
    ) -> None:
        point, direction = np.array(point_mm, np.float64), np.array(normal, np.float64)
        if point.shape != (3,) or direction.shape != (3,):
            raise PlanError(f"plane {name!r}: point and normal have 3 numbers each")
        if not (np.isfinite(point).all() and np.isfinite(direction).all() and np.isfinite(kerf_mm)):
            raise PlanError(f"plane {name!r}: point, normal and kerf must be finite numbers")
        length = float(np.linalg.norm(direction))
        if length == 0:
            raise PlanError(f"plane {name!r}: the normal is 0 0 0 and has no direction")
        if kerf_mm < 0:
            raise PlanError(f"plane {name!r}: a kerf is at least 0 mm, got {kerf_mm:g} mm")
        direction /= length
        point.setflags(write=False)
        direction.setflags(write=False)
        for field, value in (
            ("point_mm", point),
            ("normal", direction),
            ("name", name),
            ("kerf_mm", float(kerf_mm)),
            ("patch_mm", None if patch_mm is None else _patch(patch_mm, point, direction, name)),
        ):
            object.__setattr__(self, field, value)

    def distance_mm(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance of positions (..., 3) LPS mm: positive on the patient's side, negative in the specimen."""
        distance: NDArray[np.float64] = (np.asarray(position_mm, np.float64) - self.point_mm) @ self.normal
        return distance

    def __repr__(self) -> str:
        point = ", ".join(f"{value:.1f}" for value in self.point_mm)
        normal = ", ".join(f"{value:.3f}" for value in self.normal)
        ends = "" if self.patch_mm is None else f", {len(self.patch_mm)} corners"
        return f"Plane(({point}) mm, normal ({normal}), name={self.name!r}, kerf_mm={self.kerf_mm:g}{ends})"


def tangents(direction: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two unit vectors at right angles to a unit direction and to one another."""
    u = np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))])
    u /= np.linalg.norm(u)
    return u, np.cross(direction, u)


def _patch(
    corners_mm: ArrayLike, point: NDArray[np.float64], normal: NDArray[np.float64], name: str
) -> NDArray[np.float64]:
    """The corners, set exactly onto the plane and turned counter-clockwise round its normal."""
    corners = np.array(corners_mm, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 3 or len(corners) < 3 or not np.isfinite(corners).all():
        raise PlanError(f"plane {name!r}: a patch has 3 or more corners of 3 finite numbers, got {corners.shape}")
    corners = corners[np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1) > _SAME_CORNER_MM]
    heights = (corners - point) @ normal
    if np.abs(heights).max(initial=0.0) > _OFF_PLANE_MM:
        raise PlanError(
            f"plane {name!r}: a patch's corners lie on the plane, within {_OFF_PLANE_MM} mm; "
            f"one lies {np.abs(heights).max():.1f} mm off"
        )
    corners = corners - heights[:, None] * normal
    edges = np.roll(corners, -1, axis=0) - corners
    turns = np.cross(edges, np.roll(edges, -1, axis=0)) @ normal
    one_way = (turns >= -_STRAIGHT).all() or (turns <= _STRAIGHT).all()
    if len(corners) < 3 or not one_way or _winding(corners, normal) != 1:
        raise PlanError(f"plane {name!r}: a patch is a convex polygon with its corners in order; this one is not")
    if turns.sum() < 0:
        corners = corners[::-1]
    settled: NDArray[np.float64] = np.array(corners)
    settled.setflags(write=False)
    return settled


def _winding(corners: NDArray[np.float64], normal: NDArray[np.float64]) -> int:
    """How often the corners go round their middle."""
    spokes = corners - corners.mean(axis=0)
    following = np.roll(spokes, -1, axis=0)
    angles = np.arctan2(np.cross(spokes, following) @ normal, np.einsum("ij,ij->i", spokes, following))
    return abs(round(float(angles.sum() / (2 * np.pi))))


@dataclass(frozen=True, eq=False)
class ResectionPlan:
    """One resection: planes, the specimen's outline, a margin all round, or any of these together.

    What is taken lies behind the planes, within the specimen and within the expansion, as far as they are given,
    and outside whatever is spared.

    Parameters
    ----------
    planes : sequence of Plane
        With names of their own. What lies behind all of the endless ones is taken out; those with a patch make one
        cut surface together, which may have a step.
    specimen : Volume, optional
        Mask of what is taken out, tumour and all; its surface is a margin named ``"specimen"``.
    expansion_mm : float or tuple of 3 or 6 floats, optional
        A margin round the tumour; named ``"expansion"``. One distance all round; along patient x, y, z; or towards
        right, left, anterior, posterior, inferior, superior.
    spared : sequence of Segment
        Zones that stay in the patient, such as a nerve or a vessel: the cut follows their outline, and each is a
        margin of its own name. Tumour inside one counts as left behind.

    Raises
    ------
    PlanError
        If there is neither plane nor specimen nor expansion, two parts share a name, or an expansion is below 0.
    """

    planes: tuple[Plane, ...]
    specimen: Volume | None = None
    expansion_mm: Expansion | None = None
    spared: tuple[Segment, ...] = ()

    def __init__(
        self,
        planes: Sequence[Plane] = (),
        specimen: Volume | None = None,
        *,
        expansion_mm: Expansion | None = None,
        spared: Sequence[Segment] = (),
    ) -> None:
        if not planes and specimen is None and expansion_mm is None:
            raise PlanError("a resection plan needs at least one plane, a specimen or an expansion, got none")
        whole = [("specimen", specimen), ("expansion", expansion_mm)]
        names = [plane.name for plane in planes] + [name for name, given in whole if given is not None]
        names += [zone.name for zone in spared]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PlanError(f"parts of one plan need different names; used twice: {', '.join(twice)}")
        if expansion_mm is not None:
            towards_mm(expansion_mm)
        object.__setattr__(self, "planes", tuple(planes))
        object.__setattr__(self, "specimen", specimen)
        object.__setattr__(self, "expansion_mm", expansion_mm)
        object.__setattr__(self, "spared", tuple(spared))

    @property
    def endless(self) -> tuple[Plane, ...]:
        """The planes without a patch."""
        return tuple(plane for plane in self.planes if plane.patch_mm is None)

    @property
    def patches(self) -> tuple[Plane, ...]:
        """The planes with a patch."""
        return tuple(plane for plane in self.planes if plane.patch_mm is not None)


def towards_mm(expansion_mm: Expansion) -> NDArray[np.float64]:
    """An expansion as distances in mm, shape (3, 2): x, y, z; towards minus and towards plus.

    Raises
    ------
    PlanError
        If there are not 1, 3 or 6 of them, or one is negative or not finite.
    """
    values = np.asarray(expansion_mm, np.float64)
    if values.shape not in ((), (3,), (6,)):
        raise PlanError(f"a margin is 1, 3 or 6 distances in mm, got {values.size}")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise PlanError(f"a margin is at least 0 mm and finite, got {np.array2string(values, separator=', ')} mm")
    if values.shape == (6,):
        return values.reshape(3, 2)
    return np.repeat(np.broadcast_to(values, 3)[:, None], 2, axis=1)

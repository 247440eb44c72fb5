"""A resection as it is planned: planes in patient space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.volume import Volume


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

    Raises
    ------
    PlanError
        If the normal has no direction, a number is not finite, or the kerf is negative.

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

    def __init__(self, point_mm: ArrayLike, normal: ArrayLike, *, name: str = "plane", kerf_mm: float = 1.0) -> None:
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
        ):
            object.__setattr__(self, field, value)

    def distance_mm(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """Signed distance of positions (..., 3) LPS mm: positive on the patient's side, negative in the specimen."""
        distance: NDArray[np.float64] = (np.asarray(position_mm, np.float64) - self.point_mm) @ self.normal
        return distance

    def __repr__(self) -> str:
        point = ", ".join(f"{value:.1f}" for value in self.point_mm)
        normal = ", ".join(f"{value:.3f}" for value in self.normal)
        return f"Plane(({point}) mm, normal ({normal}), name={self.name!r}, kerf_mm={self.kerf_mm:g})"


@dataclass(frozen=True, eq=False)
class ResectionPlan:
    """One resection: planes, or the specimen's outline, or both.

    Parameters
    ----------
    planes : sequence of Plane
        With names of their own. What lies behind all of them is taken out.
    specimen : Volume, optional
        Mask of what is taken out, tumour and all; its surface is a margin named ``"specimen"``.

    Raises
    ------
    PlanError
        If there is neither plane nor specimen, or two planes share a name.
    """

    planes: tuple[Plane, ...]
    specimen: Volume | None = None

    def __init__(self, planes: Sequence[Plane] = (), specimen: Volume | None = None) -> None:
        if not planes and specimen is None:
            raise PlanError("a resection plan needs at least one plane or a specimen, got none")
        names = [plane.name for plane in planes] + (["specimen"] if specimen is not None else [])
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PlanError(f"parts of one plan need different names; used twice: {', '.join(twice)}")
        object.__setattr__(self, "planes", tuple(planes))
        object.__setattr__(self, "specimen", specimen)

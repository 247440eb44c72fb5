"""Putting two images of one patient into one space, and saying how well that went at the tumour."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import GeometryError
from sarcoma_review.planning.alignment import LEAST_OVERLAP, LEVELS_MM, Region, Search, moved, overlap, starts, turned
from sarcoma_review.planning.information import BLOCKS, Information, Summit
from sarcoma_review.planning.landmarks import Landmarks
from sarcoma_review.planning.lattice import Interpolation, resampled
from sarcoma_review.volume import Grid, Volume, require_same_space, require_square_corners

_PLACES = 60_000
_SEED = 20
_LARGEST_TURN_DEG = 45.0
_NUDGE_MM = 1.0
_LEAST_PEAK = 1.15
_LEAST_SHARED = 0.05  # nats; CT and MR of one limb share about 1, an image and noise 0.003
_FLOOR = 0.15  # of the mean voxel of the coarser image; what the phantom shows beside the spread of the runs


@dataclass(frozen=True, eq=False)
class Registration:
    """How one image lies to another.

    Parameters
    ----------
    transform : ndarray, shape (4, 4)
        Takes fixed positions to moving positions, LPS mm.
    fixed_grid : Grid
        The fixed image's lattice, onto which `apply` resamples.
    target_mm : ndarray, shape (n, 3)
        Where the error is asked for, in fixed space: the tumour.
    runs : ndarray, shape (k, 4, 4)
        The transforms found when an eighth of the fixed image was left out each time; none if it is known otherwise.
    floor_mm : float
        Root mean square error that no run can show.
    fixed_frame_uid, moving_frame_uid : str, optional
        Frames of reference of the two images.
    information : float
        Mutual information reached, nats.
    findings : tuple of str
        What limits the result.
    """

    transform: NDArray[np.float64]
    fixed_grid: Grid
    target_mm: NDArray[np.float64]
    runs: NDArray[np.float64]
    floor_mm: float = 0.0
    fixed_frame_uid: str | None = None
    moving_frame_uid: str | None = None
    information: float = 0.0
    findings: tuple[str, ...] = ()

    @cached_property
    def error_mm(self) -> float:
        """Estimate of the root mean square distance, at the tumour, between where it is put and where it is, mm."""
        squares = [np.trace(self.covariance_mm2(target)) for target in self.target_mm]
        return float(np.sqrt(np.mean(squares)))

    def covariance_mm2(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """Covariance (3, 3) in mm² of where a fixed position is put, in fixed space.

        From the runs by the jackknife, ``(k - 1) / k`` times the sum of squares, plus the floor, alike every way.
        """
        floor = np.eye(3) * self.floor_mm**2 / 3.0
        if not len(self.runs):
            return np.asarray(floor)
        away = self.displacements_mm(np.asarray(position_mm, np.float64))
        away = away - away.mean(axis=0)
        return np.asarray((len(away) - 1) / len(away) * away.T @ away + floor)

    @cached_property
    def weakest(self) -> tuple[NDArray[np.float64], float]:
        """The direction (3,) in fixed space that is known worst at the tumour, and the error along it in mm."""
        values, axes = np.linalg.eigh(self.covariance_mm2(self.target_mm.mean(axis=0)))
        return axes[:, -1], float(np.sqrt(values[-1]))

    def to_moving(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """Fixed positions (..., 3) in moving space, LPS mm."""
        return moved(self.transform, np.asarray(position_mm, np.float64))

    def to_fixed(self, position_mm: ArrayLike) -> NDArray[np.float64]:
        """Moving positions (..., 3) in fixed space, LPS mm."""
        return moved(np.asarray(np.linalg.inv(self.transform), np.float64), np.asarray(position_mm, np.float64))

    def apply(
        self,
        volume: Volume,
        *,
        onto: Grid | None = None,
        interpolation: Interpolation | None = None,
        outside: float | None = None,
    ) -> Volume:
        """Resample a volume of the moving space into the fixed space.

        Parameters
        ----------
        volume : Volume
            The moving image, or anything in its frame of reference.
        onto : Grid, optional
            In fixed space; the fixed image's own by default.
        interpolation : {"linear", "nearest", "bspline"}, optional
            Nearest for boolean masks, linear for the rest by default. A B-spline overshoots at sharp edges.
        outside : float, optional
            Value beyond the volume; its least value by default, and 0 for masks.

        Returns
        -------
        Volume
            Of the same type of number, description and clearance, in the fixed frame of reference.

        Raises
        ------
        GeometryError
            If the volume lies in another frame of reference than the moving image, or a grid is sheared.
        """
        moving = replace(volume, frame_of_reference_uid=self.moving_frame_uid)
        require_same_space(volume, moving, "the volume to resample and the moving image")
        grid, mask = onto or self.fixed_grid, volume.array.dtype.kind in "bf" and float(volume.array.max()) <= 1.0
        beyond = outside if outside is not None else 0.0 if mask else float(volume.array.min())
        way = interpolation or ("nearest" if volume.array.dtype.kind == "b" else "linear")
        array = resampled(volume, grid, self.transform, interpolation=way, outside=beyond)
        issue = f"resampled after registration ({way}); estimated error at the tumour {self.error_mm:.1f} mm"
        return replace(
            volume,
            array=array,
            affine=grid.affine,
            frame_of_reference_uid=self.fixed_frame_uid,
            slice_uids=(),
            issues=(*volume.issues, issue),
        )

    def displacements_mm(self, positions_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each run puts positions (..., 3) from where the transform does, in fixed space: (k, ..., 3)."""
        back = np.asarray(np.linalg.inv(self.transform), np.float64)
        away = [moved(back, moved(run, positions_mm)) - positions_mm for run in self.runs]
        return np.array(away).reshape(len(self.runs), *positions_mm.shape)

    def __repr__(self) -> str:
        shift = np.linalg.norm(self.to_moving(self.target_mm.mean(axis=0)) - self.target_mm.mean(axis=0))
        return (
            f"<Registration turn {turn_deg(self.transform):.1f} degrees, shift {shift:.1f} mm at the tumour; "
            f"estimated error there {self.error_mm:.2f} mm>"
        )


def turn_deg(transform: NDArray[np.float64]) -> float:
    """The angle in degrees by which a rigid transform turns."""
    return float(np.degrees(np.arccos(np.clip((np.trace(transform[:3, :3]) - 1.0) / 2.0, -1.0, 1.0))))


def register(
    fixed: Volume,
    moving: Volume,
    *,
    kind: Literal["rigid"] = "rigid",
    landmarks: tuple[ArrayLike, ArrayLike] | None = None,
    focus: Volume | None = None,
    moving_focus: Volume | None = None,
    target_mm: ArrayLike | Volume | None = None,
    limit_mm: float = 2.0,
) -> Registration:
    """Find how a moving image lies to a fixed one, as one rigid body, and how far that may be off at the tumour.

    Mutual information is climbed from several starts at 6 and 3 mm voxels (SimpleITK), then at the images' own.
    The last climb is done again eight times, each time without one eighth of the fixed image and from a place 1 mm
    and 1 degree away; the spread of these, as a jackknife, is the error. A direction in which little changes,
    such as along a bone's shaft, so shows as one that is known badly.

    Parameters
    ----------
    fixed, moving : Volume
        Images of one patient, of any modalities and orientations, in frames of reference of their own.
    kind : {"rigid"}
        Rigid alone: tumour and bone keep their shape. What bends between the images, bends the result.
    landmarks : pair of array_like, shape (n, 3), optional
        The same places in fixed and moving space, LPS mm, to start from (see `Landmarks`).
    focus, moving_focus : Volume, optional
        Masks on the two grids: what counts in the last climb, such as the body round the tumour, or what an
        operation left in place (`left_in_place`). An edge tells its place only with both its sides: take about 5 mm
        round what is meant. A short piece of shaft alone slides along itself by more than the estimate says.
    target_mm : array_like, shape (3,) or (n, 3), or Volume, optional
        Where the error matters, in fixed space: positions, or the tumour's mask (its middle and its six ends).
        The middle and the ends of the focus by default, or of the image.
    limit_mm : float
        The largest error that is still let through.

    Returns
    -------
    Registration
        Its transform takes fixed positions to moving positions. The same images give the same result, to the last bit
        on one machine and within 0.01 mm on another.

    Raises
    ------
    GeometryError
        If a grid is sheared, the images overlap too little or resemble one another no more than when they are put
        10 mm apart, the turn exceeds 45 degrees, or the error estimate exceeds `limit_mm`.
    EmptyMaskError
        If a focus has no voxels.

    Notes
    -----
    On the synthetic patient (CT of 0.8 mm with T1 of 4 mm slices, and with the CT after the operation; shifts to
    15 mm, turns to 10 degrees) the error at the tumour stays below half a voxel of 0.8 mm. Sliding, bending and
    swelling of soft tissue are no part of that: there, give a focus on the bone.
    """
    if kind != "rigid":
        raise GeometryError(f"register knows the kind 'rigid', got {kind!r}")
    for volume, what in ((fixed, "the fixed image's"), (moving, "the moving image's")):
        require_square_corners(volume.grid, what)
    target = _target(target_mm, fixed, focus)
    whole = Region.of(fixed, None, "fixed"), Region.of(moving, moving_focus, "moving")
    near = _captured(*whole, Landmarks(*landmarks) if landmarks is not None else None)
    region = whole[0] if focus is None else Region.of(fixed, focus, "fixed")
    share = overlap(near, region, whole[1])
    if share < LEAST_OVERLAP:
        raise GeometryError(
            f"registration refused: {100 * share:.0f} % of the fixed image lies inside the moving one, "
            f"expected at least {100 * LEAST_OVERLAP:.0f} %"
        )
    information = Information.sampled(region, whole[1], count=_PLACES, seed=_SEED)
    first = information.climb(near)
    top = information.climb(first.transform, curvature=first.curvature)
    _require_peak(information, top)
    found = Registration(
        transform=top.transform,
        fixed_grid=fixed.grid,
        target_mm=target,
        runs=_runs(information, top),
        floor_mm=_FLOOR * max(float(np.cbrt(np.prod(each.spacing_mm))) for each in (fixed, moving)),
        fixed_frame_uid=fixed.frame_of_reference_uid,
        moving_frame_uid=moving.frame_of_reference_uid,
        information=top.information,
    )
    return _accepted(found, limit_mm)


def _target(target: ArrayLike | Volume | None, fixed: Volume, focus: Volume | None) -> NDArray[np.float64]:
    """The positions asked about; of a mask its middle and the six ends along the patient's axes."""
    if target is not None and not isinstance(target, Volume):
        return np.atleast_2d(np.asarray(target, np.float64))
    mask = target if target is not None else focus
    if mask is None:
        return fixed.position_mm([(np.array(fixed.shape) - 1) / 2])
    if target is not None:
        require_same_space(target, fixed, "the target and the fixed image")
    positions = mask.position_mm(np.argwhere(mask.array > 0.5 if mask.array.dtype.kind == "f" else mask.array))
    if not len(positions):
        raise GeometryError("the target mask has no voxels: expected at least one, found 0")
    ends = [positions[chosen] for chosen in (*positions.argmin(axis=0), *positions.argmax(axis=0))]
    return np.array([positions.mean(axis=0), *ends])


def _captured(fixed: Region, moving: Region, landmarks: Landmarks | None) -> NDArray[np.float64]:
    """The best of several coarse climbs."""
    candidates = [landmarks.transform] if landmarks is not None else starts(fixed, moving)
    if not candidates:
        raise GeometryError("registration refused: the two images overlap too little wherever one is put")
    coarse, finer = (Search(fixed, moving, voxel_mm) for voxel_mm in LEVELS_MM)
    ends = [finer.run(coarse.run(start, seed=_SEED, first_step_mm=6.0), seed=_SEED) for start in candidates]
    return _settled(max(ends, key=lambda end: finer.value(end, seed=_SEED)))


def _settled(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the last digits, in which one run differs from the next and which a long climb would make grow."""
    vector = Rotation.from_matrix(transform[:3, :3]).as_rotvec()
    settled = turned(np.round(vector, 7), np.zeros(3), np.zeros(3))
    settled[:3, 3] = np.round(transform[:3, 3], 5)
    return settled


def _require_peak(information: Information, top: Summit) -> None:
    """Refuse images that agree no better where they were put than with one of them pushed aside."""
    aside = []
    for axis in (*np.eye(3), *-np.eye(3)):
        pushed = top.transform @ turned(np.zeros(3), 10.0 * axis, np.zeros(3))
        aside.append(-information.within(pushed).loss(np.zeros(6), pushed)[0])
    ratio = top.information / max(float(np.mean(aside)), 1e-9)
    if not top.information >= _LEAST_SHARED:  # worded so that "not a number" is refused too
        raise GeometryError(
            f"registration refused: the images share {top.information:.3f} nats where they were put, expected at "
            f"least {_LEAST_SHARED:.2f}: they do not show the same thing"
        )
    if not ratio >= _LEAST_PEAK:
        raise GeometryError(
            f"registration refused: the images agree {ratio:.2f} times as well as when put 10 mm apart, "
            f"expected at least {_LEAST_PEAK:.2f}"
        )


def _runs(information: Information, top: Summit) -> NDArray[np.float64]:
    """The same climb without each eighth of the fixed image, each from a place of its own nearby."""
    rng, region, runs = np.random.default_rng(_SEED), information.fixed, []
    for block in range(BLOCKS):
        turn, shift = (part / np.linalg.norm(part) for part in rng.normal(size=(2, 3)))
        nudge = turned(np.radians(1.0) * turn, _NUDGE_MM * shift, region.centre_mm)
        rest = information.without(block)
        run = rest.climb(top.transform @ nudge, curvature=top.curvature)
        if rest.value(run.transform) < rest.value(top.transform):  # it stuck on the way: no place of its own
            run = rest.climb(top.transform, curvature=top.curvature)
        runs.append(run.transform)
    return np.array(runs)


def _accepted(found: Registration, limit_mm: float) -> Registration:
    """The registration with its findings, or a refusal."""
    turn = turn_deg(found.transform)
    if turn > _LARGEST_TURN_DEG:
        raise GeometryError(
            f"registration refused: a turn of {turn:.0f} degrees, expected at most {_LARGEST_TURN_DEG:.0f}; "
            "turn one image by hand or give landmarks"
        )
    direction, along = found.weakest
    words = ", ".join(f"{part:.2f}" for part in direction)
    if found.error_mm > limit_mm:
        raise GeometryError(
            f"registration refused: estimated error at the tumour {found.error_mm:.1f} mm, expected at most "
            f"{limit_mm:.1f} mm; worst along ({words})"
        )
    other = np.sqrt(max(found.error_mm**2 - along**2, 0.0) / 2.0)
    weak = (f"along ({words}) the position is known to {along:.1f} mm only",) if along > 3.0 * other else ()
    return replace(found, findings=weak)

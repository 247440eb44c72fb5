"""Lengths, angles and regions measured on an image, and notes pinned to it: values, with what they measure.

All positions are LPS mm in the patient space of the viewer's first image.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import GeometryError
from sarcoma_review.volume import Volume
from sarcoma_review.widgets.region_values import unit, values_inside
from sarcoma_review.widgets.typed import typed_line

Position = tuple[float, float, float]
Array = NDArray[np.float64]

LONGEST_NOTE = 200


@dataclass(frozen=True)
class Length:
    """The distance between two places.

    Parameters
    ----------
    ends_mm : pair of position
    sd_mm : float
        What placing each end anywhere within its voxel adds, as a standard deviation along the length. The hand
        and the eye add to it: published spreads between readers are several times larger.
    image : {"first", "beside"}
        On which of the viewer's images it was drawn.
    """

    ends_mm: tuple[Position, Position]
    sd_mm: float = 0.0
    image: str = "first"
    kind: Literal["length"] = field(default="length", init=False)

    @property
    def length_mm(self) -> float:
        """The distance, mm."""
        return float(np.linalg.norm(np.subtract(*self.ends_mm)))

    @property
    def points_mm(self) -> tuple[Position, ...]:
        """The two ends."""
        return self.ends_mm

    @property
    def words(self) -> str:
        """The distance with its 95 % interval from the voxel size."""
        return f"{self.length_mm:.1f} ± {1.96 * self.sd_mm:.1f} mm"


@dataclass(frozen=True)
class Angle:
    """The angle at the second of three places.

    Parameters
    ----------
    points_mm : three positions
        One arm's end, the corner, the other arm's end.
    sd_deg : float
        What placing each point anywhere within its voxel adds, as a standard deviation.
    image : {"first", "beside"}
    """

    points_mm: tuple[Position, Position, Position]
    sd_deg: float = 0.0
    image: str = "first"
    kind: Literal["angle"] = field(default="angle", init=False)

    @property
    def angle_deg(self) -> float:
        """The angle, 0 to 180 degrees."""
        one, corner, other = (np.array(point) for point in self.points_mm)
        across = np.linalg.norm(np.cross(one - corner, other - corner))
        return float(np.degrees(np.arctan2(across, (one - corner) @ (other - corner))))

    @property
    def words(self) -> str:
        """The angle with its 95 % interval from the voxel size."""
        return f"{self.angle_deg:.1f} ± {1.96 * self.sd_deg:.1f}°"


@dataclass(frozen=True)
class Region:
    """The values of an image within an ellipse or a rectangle.

    Parameters
    ----------
    kind : {"ellipse", "rectangle"}
    centre_mm : position
    across_mm, along_mm : position
        The two half axes, at right angles, as vectors.
    mean, minimum, maximum : float
        Of the values, in `units`.
    sd : float or None
        Their spread (n - 1), not the uncertainty of the mean; not known of a single value.
    n : int
        How many values: voxels whose centre lies inside; where the region is on no slice of the scan's own,
        places a least voxel spacing apart, interpolated linearly.
    interpolated : bool
        Whether the values were interpolated.
    units : str
    image : {"first", "beside"}
    area_sd_mm2 : float
        What placing each of the two corners anywhere within its voxel adds to the area, as a standard deviation.
    """

    kind: Literal["ellipse", "rectangle"]
    centre_mm: Position
    across_mm: Position
    along_mm: Position
    mean: float
    sd: float | None
    minimum: float
    maximum: float
    n: int
    interpolated: bool = False
    units: str = ""
    image: str = "first"
    area_sd_mm2: float = 0.0

    @property
    def area_mm2(self) -> float:
        """Area of the figure itself, mm²."""
        halves = np.linalg.norm(self.across_mm) * np.linalg.norm(self.along_mm)
        return float(halves * (np.pi if self.kind == "ellipse" else 4.0))

    @property
    def points_mm(self) -> tuple[Position, ...]:
        """The centre and the two half axes."""
        return self.centre_mm, self.across_mm, self.along_mm

    @property
    def words(self) -> str:
        """Mean, spread, range, area with its 95 % interval from the voxel size, and count."""
        what = ("place" if self.interpolated else "voxel") + ("s" if self.n > 1 else "")
        fine = ".1f" if max(abs(self.minimum), abs(self.maximum)) >= 10 else ".3g"
        spread = "not known" if self.sd is None else f"{self.sd:{fine}}"
        return (
            f"mean {self.mean:{fine}} (sd {spread}) {self.units}".rstrip()
            + f"\n{self.minimum:g} to {self.maximum:g}, "
            + f"{self.area_mm2:.0f} ± {1.96 * self.area_sd_mm2:.0f} mm², {self.n} {what}"
        )


@dataclass(frozen=True)
class Note:
    """A text pinned to a place.

    Parameters
    ----------
    position_mm : position
    text : str
        At most 200 characters; it must not name the patient, for notes are shown and kept as they are.
    image : {"first", "beside"}
    """

    position_mm: Position
    text: str
    image: str = "first"
    kind: Literal["note"] = field(default="note", init=False)

    @property
    def points_mm(self) -> tuple[Position, ...]:
        """The place."""
        return (self.position_mm,)

    @property
    def words(self) -> str:
        """The text."""
        return self.text


Measurement = Length | Angle | Region | Note


def measure_length(volume: Volume, ends_mm: ArrayLike, *, image: str = "first") -> Length:
    """Measure between two places.

    Parameters
    ----------
    volume : Volume
        The image on which they were placed: its voxels say how finely that can be.
    ends_mm : array_like, shape (2, 3)
    image : {"first", "beside"}

    Raises
    ------
    GeometryError
        If these are not two different places.

    Examples
    --------
    >>> ct = Volume(np.zeros((4, 4, 4)), np.diag([3.0, 1.0, 1.0, 1.0]))
    >>> measure_length(ct, [(0, 0, 0), (0, 3, 4)]).words
    '5.0 ± 0.8 mm'
    """
    one, other = _points(ends_mm, 2, "a length")
    along = unit(other - one, "the ends of a length")
    variance = 2.0 * float(along @ _placing_mm2(volume) @ along)
    return Length((_position(one), _position(other)), float(np.sqrt(variance)), image)


def measure_angle(volume: Volume, points_mm: ArrayLike, *, image: str = "first") -> Angle:
    """Measure the angle at the second of three places.

    Parameters
    ----------
    volume : Volume
    points_mm : array_like, shape (3, 3)
    image : {"first", "beside"}

    Raises
    ------
    GeometryError
        If an arm has no length.

    Examples
    --------
    >>> ct = Volume(np.zeros((4, 4, 4)), np.diag([1.0, 1.0, 1.0, 1.0]))
    >>> measure_angle(ct, [(30, 0, 0), (0, 0, 0), (0, 30, 0)]).angle_deg
    90.0
    """
    one, corner, other = _points(points_mm, 3, "an angle")
    arms = [unit(end - corner, "an arm of an angle") for end in (one, other)]
    spread, moves = _placing_mm2(volume), []
    for here, there, end in ((arms[0], arms[1], one), (arms[1], arms[0], other)):
        # A move of the end widens the angle as far as it leads away from the other arm, over the arm's length.
        aside = there - (there @ here) * here
        length = np.linalg.norm(aside)
        aside = aside / length if length > 1e-9 else _any_across(here)
        moves.append(-aside / np.linalg.norm(end - corner))
    variance = sum(float(move @ spread @ move) for move in (*moves, moves[0] + moves[1]))
    places = (_position(one), _position(corner), _position(other))
    return Angle(places, float(np.degrees(np.sqrt(variance))), image)


def measure_region(
    volume: Volume,
    kind: Literal["ellipse", "rectangle"],
    points_mm: ArrayLike,
    *,
    image: str = "first",
) -> Region:
    """Read the values within an ellipse or a rectangle.

    Parameters
    ----------
    volume : Volume
    kind : {"ellipse", "rectangle"}
    points_mm : array_like, shape (3, 3)
        The centre, and the two half axes as vectors at right angles.
    image : {"first", "beside"}

    Raises
    ------
    GeometryError
        If an axis has no length, the axes are not at right angles, or no value lies inside.

    Notes
    -----
    Known bias: a voxel counts whole or not at all, by its centre; small regions at an edge hold part of both sides.

    Examples
    --------
    >>> ct = Volume(np.full((4, 32, 32), 7.0), np.diag([3.0, 1.0, 1.0, 1.0]), units="HU")
    >>> region = measure_region(ct, "rectangle", [(3, 10, 10), (0, 4.5, 0), (0, 0, 2.5)])
    >>> region.n, region.mean, region.area_mm2
    (45, 7.0, 45.0)
    """
    centre, across, along = _points(points_mm, 3, "a region")
    cosine = abs(float(unit(across, "an axis of a region") @ unit(along, "an axis of a region")))
    if cosine > 1e-3:
        raise GeometryError(f"the half axes of a region stand at right angles, found a cosine of {cosine:.3f}")
    values, interpolated = values_inside(volume, kind, np.stack([centre, across, along]))
    values = values[np.isfinite(values)]
    if not values.size:
        raise GeometryError(f"the {kind} holds no voxel's centre: expected at least one value, found 0")
    region = Region(
        kind,
        _position(centre),
        _position(across),
        _position(along),
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)) if values.size > 1 else None,
        minimum=float(values.min()),
        maximum=float(values.max()),
        n=int(values.size),
        interpolated=interpolated,
        units=volume.units,
        image=image,
    )
    return replace(region, area_sd_mm2=region.area_mm2 * _share_placed(volume, across, along))


def pin_note(position_mm: ArrayLike, text: str, *, image: str = "first") -> Note:
    """Pin a text to a place.

    Raises
    ------
    GeometryError
        If it is no position, or the text is empty, longer than 200 letters, or not all to be seen.
    """
    (place,) = _points(np.reshape(np.asarray(position_mm, np.float64), (-1, 3)), 1, "a note")
    kept = typed_line(text, "a note", least=1, most=LONGEST_NOTE, error=GeometryError)
    return Note(_position(place), kept, image)


def _placing_mm2(volume: Volume) -> Array:
    """Covariance (3, 3) in mm² of a point put anywhere within its voxel."""
    steps = volume.affine[:3, :3]
    return np.asarray(steps @ steps.T / 12.0)


def _share_placed(volume: Volume, across: Array, along: Array) -> float:
    """Standard deviation of an area, as a share of it, where each of two corners lies anywhere within its voxel."""
    spread, halves = _placing_mm2(volume), (axis / (axis @ axis) / 2.0 for axis in (across, along))
    return float(np.sqrt(sum(2.0 * float(half @ spread @ half) for half in halves)))


def _points(given: ArrayLike, count: int, what: str) -> Array:
    points = np.asarray(given, np.float64)
    if points.shape != (count, 3) or not np.isfinite(points).all():
        raise GeometryError(f"{what} has {count} positions of three numbers in mm, found shape {points.shape}")
    return points


def _any_across(direction: Array) -> Array:
    return unit(np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))]), "a direction")


def _position(point: Array) -> Position:
    return float(point[0]), float(point[1]), float(point[2])

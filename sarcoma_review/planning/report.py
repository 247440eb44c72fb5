"""What was measured of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.assessment import MarginAssessment
from sarcoma_review.planning.bone import BoneResection
from sarcoma_review.planning.structures import StructureDistance
from sarcoma_review.planning.uncertainty import Uncertainty, interval_of_minimum, probability_below


def taken_as_exact(uncertainty: Uncertainty | None) -> tuple[str, ...]:
    """What an interval does not hold because nobody told it: that is a finding, and not an error of 0 mm."""
    known = uncertainty or Uncertainty()
    parts = {"outline": known.segmentation_sd_mm, "saw": known.execution_sd_mm}
    silent = [part for part, sd_mm in parts.items() if sd_mm == 0]
    if len(silent) == len(parts):
        return ("the interval holds the voxels' part alone: outline and saw are taken as exact",)
    return tuple(f"the interval takes the {part} as exact: its error was not told" for part in silent)


@dataclass(frozen=True, eq=False)
class PlaneMargin:
    """The margin to one part of a plan: a plane, the specimen's surface, the expansion or a spared zone.

    Parameters
    ----------
    name : str
        The part's.
    margin_mm : float
        Least distance from the tumour to it; below 0 where it cuts the tumour (how deep).
    position_mm : ndarray, shape (3,)
        Where on the tumour, LPS mm.
    sd_mm : float
        Standard deviation.
    unrefined_mm : float
        The margin at the nearest surface vertex, before the local refit.
    outline_shift_mm : float
        How much lower than the outline as drawn has it the margin lies on average, given the outline's error.
    smoothed_away_mm : float
        How much wider the smoothed surface would have had the margin, where a voxel of the mask was taken instead.
    """

    name: str
    margin_mm: float
    position_mm: NDArray[np.float64]
    sd_mm: float
    unrefined_mm: float
    outline_shift_mm: float = 0.0
    smoothed_away_mm: float = 0.0

    @property
    def interval_mm(self) -> tuple[float, float]:
        """95 % interval of this margin, mm."""
        return interval_of_minimum([self.expected_mm], [self.sd_mm])

    @property
    def expected_mm(self) -> float:
        """The margin to be expected with the outline's error: some place near the closest one reaches further."""
        return self.margin_mm - self.outline_shift_mm


@dataclass(frozen=True, eq=False)
class MarginReport:
    """Margins of one plan: overall, per plane, and over the tumour's surface.

    Parameters
    ----------
    planes : tuple of PlaneMargin
        Planes in the plan's order, then specimen, expansion and spared zones.
    distances_mm : ndarray, shape (n,)
        Margin at each vertex of the surface: the least over the planes.
    point_margins_mm, point_areas_mm2 : ndarray, shape (n + k,)
        Margin at each vertex and guard point, and the area it stands for.
    per_direction : mapping of str to float
        Least margin in mm of the surface that faces each side of the patient (R, L, A, P, I, S), at its vertices.
    per_component : tuple of float
        Least margin in mm of each separate piece of the mask, at its vertices, in the order of their numbers.
    breach_volume_ml : float
        Tumour that the plan leaves behind: beyond a plane, outside the specimen or in a spared zone.
    specimen_volume_ml : float or None
        Of what is taken; None for planes alone, which bound no body.
    structures : tuple of StructureDistance
        What the plan does to the structures that were given.
    bone : BoneResection or None
        What the plan takes of the bone that was given.
    findings : tuple of str
        What limits the result.
    uncertainty : Uncertainty or None
        What the standard deviations hold besides the voxels; None where nothing was told.
    assessment : MarginAssessment or None
        What was recorded beside the distance; see `with_assessment`.
    """

    planes: tuple[PlaneMargin, ...]
    distances_mm: NDArray[np.float64]
    point_margins_mm: NDArray[np.float64]
    point_areas_mm2: NDArray[np.float64]
    per_direction: Mapping[str, float]
    per_component: tuple[float, ...]
    breach_volume_ml: float
    specimen_volume_ml: float | None
    findings: tuple[str, ...]
    structures: tuple[StructureDistance, ...] = ()
    bone: BoneResection | None = None
    uncertainty: Uncertainty | None = None
    assessment: MarginAssessment | None = None

    def with_saw(self, execution_sd_mm: float) -> "MarginReport":
        """The same margins with the saw's error added to what was measured without it.

        Raises
        ------
        PlanError
            If the standard deviation is below 0 mm, or the report holds a saw's error already.
        """
        if self.uncertainty and self.uncertainty.execution_sd_mm:
            raise PlanError("the report holds the saw's error already; measure anew with another Uncertainty")
        added = replace(self.uncertainty or Uncertainty(), execution_sd_mm=execution_sd_mm)
        planes = tuple(replace(row, sd_mm=float(np.hypot(row.sd_mm, execution_sd_mm))) for row in self.planes)
        kept = tuple(finding for finding in self.findings if finding not in taken_as_exact(self.uncertainty))
        return replace(self, planes=planes, uncertainty=added, findings=kept + taken_as_exact(added))

    def with_assessment(self, assessment: MarginAssessment) -> "MarginReport":
        """The same margins with what was recorded beside them; a contradiction between the two is a finding."""
        against = assessment.contradictions(self.minimum_mm, self.interval_mm[0])
        return replace(self, assessment=assessment, findings=self.findings + against)

    @property
    def breach_depth_mm(self) -> float:
        """How deep a plane passes into the tumour; 0 where none does."""
        return max(0.0, -self.minimum_mm)

    @property
    def closest(self) -> PlaneMargin:
        """The plane with the least margin."""
        return min(self.planes, key=lambda plane: plane.margin_mm)

    @property
    def minimum_mm(self) -> float:
        """Least margin over all planes, mm."""
        return self.closest.margin_mm

    @property
    def minimum_position_mm(self) -> NDArray[np.float64]:
        """Where on the tumour the margin is least, LPS mm."""
        return self.closest.position_mm

    @property
    def per_plane(self) -> Mapping[str, float]:
        """Margin in mm by the plane's name."""
        return MappingProxyType({plane.name: plane.margin_mm for plane in self.planes})

    @property
    def interval_mm(self) -> tuple[float, float]:
        """95 % interval of the least margin, mm; it allows for several planes being nearly as close."""
        return interval_of_minimum(*self._normals())

    def probability_below(self, limit_mm: float) -> float:
        """Probability that the least margin is below `limit_mm`."""
        return probability_below(*self._normals(), limit_mm)

    def area_fraction_below(self, limit_mm: float) -> float:
        """Share (0 to 1) of the tumour's surface whose margin is below `limit_mm`, weighted by area."""
        near = self.point_areas_mm2[self.point_margins_mm < limit_mm].sum()
        return float(near / self.point_areas_mm2.sum())

    def _normals(self) -> tuple[list[float], list[float]]:
        return [plane.expected_mm for plane in self.planes], [plane.sd_mm for plane in self.planes]

    def __repr__(self) -> str:
        low, high = self.interval_mm
        return (
            f"<MarginReport minimum {self.minimum_mm:.1f} mm (95 % {low:.1f} to {high:.1f}), "
            f"{self.closest.name}; {len(self.planes)} plane(s)>"
        )

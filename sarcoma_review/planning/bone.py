"""How much bone a plan takes, and how much it leaves."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import EmptyMaskError, PlanError
from sarcoma_review.planning.masks import shares_at
from sarcoma_review.planning.patches import beyond_patches
from sarcoma_review.planning.resection import ResectionPlan
from sarcoma_review.volume import Segment, Volume


@dataclass(frozen=True, eq=False)
class Cells:
    """Tissue as equal boxes: the voxels of a mask, or blocks of them.

    Parameters
    ----------
    centres_mm : ndarray, shape (n, 3)
        LPS mm.
    volumes_ml : ndarray, shape (n,)
        Tissue in each box.
    edges_mm : ndarray, shape (3, 3)
        The edges of a box, one in each column, LPS mm.
    """

    centres_mm: NDArray[np.float64]
    volumes_ml: NDArray[np.float64]
    edges_mm: NDArray[np.float64]

    @property
    def total_ml(self) -> float:
        """All of the tissue, ml."""
        return float(self.volumes_ml.sum())

    def widths_mm(self, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """How wide a box is along unit directions (..., 3): the width of the slab with a box's own variance."""
        widths: NDArray[np.float64] = np.linalg.norm(directions @ self.edges_mm, axis=-1)
        return widths

    def shares_behind(self, plan: ResectionPlan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share (0 to 1) of each box that lies in the specimen, and in the specimen or its kerf, each shape (n,).

        Raises
        ------
        PlanError
            If the plan has an expansion, which says nothing without its tumour.
        """
        if plan.expansion_mm is not None:
            raise PlanError(
                "an expansion says what it takes only with its tumour: expected planes, a specimen or spared zones; "
                "measure with resection_margins(..., bone=...)"
            )
        specimen, lost = np.ones((2, len(self.centres_mm)))
        for plane in plan.endless:
            outside = plane.distance_mm(self.centres_mm)
            width = self.widths_mm(plane.normal)
            specimen *= np.clip(0.5 - outside / width, 0.0, 1.0)
            lost *= np.clip(0.5 - (outside - plane.kerf_mm) / width, 0.0, 1.0)
        if plan.patches:
            beyond = beyond_patches(plan.patches, self.centres_mm)
            widths = self.widths_mm(np.stack([plane.normal for plane in plan.patches]))[beyond.nearest]
            kerfs = np.array([plane.kerf_mm for plane in plan.patches])[beyond.nearest]
            specimen *= np.clip(0.5 - beyond.distance_mm / widths, 0.0, 1.0)
            lost *= np.clip(0.5 - (beyond.distance_mm - kerfs) / widths, 0.0, 1.0)
        zones = [1.0 - shares_at(zone.mask, self.centres_mm) for zone in plan.spared]
        if plan.specimen is not None:
            zones.append(shares_at(plan.specimen, self.centres_mm))
        for share in zones:
            specimen, lost = specimen * share, lost * share
        return specimen, lost

    @cached_property
    def axis(self) -> NDArray[np.float64]:
        """Principal axis, LPS unit vector, its largest component positive."""
        off = self.centres_mm - self.volumes_ml @ self.centres_mm / self.total_ml
        axis = np.linalg.eigh((off * self.volumes_ml[:, None]).T @ off)[1][:, -1]
        upwards: NDArray[np.float64] = axis * np.sign(axis[np.argmax(np.abs(axis))])
        return upwards

    @cached_property
    def lengths_mm(self) -> NDArray[np.float64]:
        """Length of the tissue along its axis that each box stands for, shape (n,): what is taken adds up.

        The tissue is sliced one box thick; the boxes of a slice share its thickness by their volumes. A gap between
        two pieces is no tissue and has no length.
        """
        along, width = self.centres_mm @ self.axis, float(self.widths_mm(self.axis))
        start, stop = along.min() - width / 2, along.max() + width / 2
        count = max(1, round((stop - start) / width))
        thickness = (stop - start) / count
        slab = np.clip(((along - start) / thickness).astype(np.int_), 0, count - 1)
        whole = np.bincount(slab, weights=self.volumes_ml, minlength=count)
        lengths: NDArray[np.float64] = self.volumes_ml / whole[slab] * thickness
        return lengths

    def coarser(self, at_most: int) -> "Cells":
        """Blocks of these boxes, near `at_most` of them; each has the volume and centre of mass of its boxes."""
        sizes = np.linalg.norm(self.edges_mm, axis=0)
        side_mm = np.cbrt(len(self.centres_mm) / at_most * sizes.prod())
        block = np.maximum(1, np.rint(side_mm / sizes)).astype(np.int_)
        index = np.rint((self.centres_mm - self.centres_mm[0]) @ np.linalg.inv(self.edges_mm).T).astype(np.int_)
        coarse = (index - index.min(axis=0)) // block
        flat = np.ravel_multi_index(tuple(coarse.T), tuple(coarse.max(axis=0) + 1))
        _, group = np.unique(flat, return_inverse=True)
        total = np.bincount(group, weights=self.volumes_ml)
        centres = [np.bincount(group, weights=self.volumes_ml * axis) / total for axis in self.centres_mm.T]
        return Cells(np.stack(centres, axis=1), total.astype(np.float64), self.edges_mm * block)


def cells_of(tissue: Segment | Volume, what: str) -> Cells:
    """Take the voxels of a mask; `what` names it where it has none, which is refused with `EmptyMaskError`."""
    mask = tissue.mask if isinstance(tissue, Segment) else tissue
    index = np.argwhere(mask.array > 0)
    if not len(index):
        raise EmptyMaskError(f"the mask of {what} has no voxels: expected at least one, found 0")
    fill = np.asarray(mask.array[tuple(index.T)], np.float64)
    return Cells(mask.position_mm(index), fill * mask.grid.voxel_volume_ml, mask.grid.affine[:3, :3])


@dataclass(frozen=True, eq=False)
class BoneResection:
    """What a plan does to a bone.

    Parameters
    ----------
    resected_ml, sawn_ml, kept_ml : float
        Bone in the specimen, bone that the saw turns to dust (the kerf, on the patient's side), and the rest.
    length_resected_mm, length_kept_mm : float
        Along the bone's axis, averaged over its cross-section; the kerf is in neither.
    length_error_mm : float
        How far either length may be wrong from the voxels alone: one voxel along the axis.
    axis : ndarray, shape (3,)
        The bone's principal axis, LPS unit vector, its largest component positive.
    findings : tuple of str
        What limits the figures, such as a bone that the field of view cuts.
    """

    resected_ml: float
    sawn_ml: float
    kept_ml: float
    length_resected_mm: float
    length_kept_mm: float
    length_error_mm: float
    axis: NDArray[np.float64]
    findings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<BoneResection {self.resected_ml:.1f} ml and {self.length_resected_mm:.1f} mm resected, "
            f"{self.kept_ml:.1f} ml and {self.length_kept_mm:.1f} mm kept>"
        )


def bone_resected(bone: Segment | Volume, plan: ResectionPlan) -> BoneResection:
    """Measure how much of a bone lies in the specimen and how much stays.

    The specimen is the bone behind every plane. A voxel at a cut counts by the share of it that lies behind,
    by its own extent along the plane's normal.

    Parameters
    ----------
    bone : Segment or Volume
        Mask, boolean or fractional.
    plan : ResectionPlan
        Planes in the same patient space.

    Returns
    -------
    BoneResection
        Volumes in ml and lengths in mm. At each place along the bone's principal axis the share of the
        cross-section that is taken counts, so that a tilted cut has the length at the middle of the bone and a cut
        through half of the shaft counts half.

    Raises
    ------
    EmptyMaskError
        If the bone has no voxels.

    Notes
    -----
    Known error. Volumes: within 0.5 % on cylinders of 0.8 mm voxels. Lengths: within `length_error_mm` on a straight
    bone. The axis is straight: on a bone bowed by `s` mm over a length of `L` mm, a length measured along the
    bow comes out about ``8 s^2 / (3 L)`` short (arc less chord; 0.7 mm for 10 mm over 400 mm). A piece of bone that
    is not clearly longer than it is wide, or no long bone at all, has no axis to speak of.

    Examples
    --------
    >>> import numpy as np
    >>> shaft = np.zeros((60, 20, 20), bool)
    >>> shaft[5:55, 5:15, 5:15] = True  # 50 mm long, 100 mm2
    >>> from sarcoma_review.planning import Plane
    >>> cut = Plane((0, 0, 39.75), (0, 0, 1), name="proximal", kerf_mm=1.0)
    >>> affine = [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    >>> bone_resected(Volume(shaft, affine), ResectionPlan([cut]))
    <BoneResection 3.5 ml and 35.2 mm resected, 1.4 ml and 13.8 mm kept>
    """
    return resected_cells(cells_of(bone, "the bone"), plan, findings=border_findings(bone))


def resected_cells(cells: Cells, plan: ResectionPlan, *, findings: tuple[str, ...] = ()) -> BoneResection:
    """Measure as `bone_resected` does, on cells made once for many plans."""
    specimen, lost = cells.shares_behind(plan)
    return BoneResection(
        resected_ml=float(cells.volumes_ml @ specimen),
        sawn_ml=float(cells.volumes_ml @ (lost - specimen)),
        kept_ml=float(cells.volumes_ml @ (1.0 - lost)),
        length_resected_mm=float(cells.lengths_mm @ specimen),
        length_kept_mm=float(cells.lengths_mm @ (1.0 - lost)),
        length_error_mm=float(cells.widths_mm(cells.axis)),
        axis=cells.axis,
        findings=findings,
    )


def border_findings(bone: Segment | Volume) -> tuple[str, ...]:
    """Name the sides of the image at which the bone is cut by the field of view."""
    inside = (bone.mask if isinstance(bone, Segment) else bone).array > 0
    return tuple(
        f"bone reaches the {side} {name}: the bone kept is that within the image"
        for axis, name in enumerate(("slice", "row", "column"))
        for side, place in (("first", 0), ("last", -1))
        if inside.take(place, axis=axis).any()
    )

"""What a plan takes, with specimen, expansion and spared zones as well as planes."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.bone import cells_of
from sarcoma_review.planning.masks import inside, mask_on, shares_at
from sarcoma_review.planning.patches import outside_mm
from sarcoma_review.planning.resection import Expansion, ResectionPlan, towards_mm
from sarcoma_review.planning.reshape import grow_by
from sarcoma_review.volume import Volume


def expanded(mask: Volume, expansion_mm: Expansion) -> Volume:
    """Expand a mask by a distance, on a grid made large enough to hold the result; see `grow_by`."""
    reach = float(towards_mm(expansion_mm).max())
    steps = [int(np.ceil(reach / spacing)) + 2 for spacing in mask.spacing_mm]
    affine = mask.affine.copy()
    affine[:3, 3] = mask.position_mm([-step for step in steps])
    room = Volume(np.pad(inside(mask), [(step, step) for step in steps]), affine, mask.frame_of_reference_uid)
    return grow_by(mask_on(room, room.array, mask), expansion_mm)


def resolved(plan: ResectionPlan, tumour: Volume, *, grown: Volume | None = None) -> ResectionPlan:
    """The same plan with its expansion of a tumour worked into the specimen's mask.

    `grown` is the tumour as `expanded` gives it, where that is at hand.

    Known error: that of a mask's voxels, under 1 % of the volume at 0.8 mm.
    """
    if plan.expansion_mm is None:
        return plan
    body = expanded(tumour, plan.expansion_mm) if grown is None else grown
    if plan.specimen is not None:
        index = np.argwhere(body.array)
        shares = np.zeros(body.shape)
        shares[tuple(index.T)] = shares_at(plan.specimen, body.position_mm(index))
        body = replace(body, array=shares)
    return ResectionPlan(plan.planes, body, spared=plan.spared)


def taken(plan: ResectionPlan, points_mm: NDArray[np.float64], *, with_kerf: bool = False) -> NDArray[np.bool_]:
    """Say which points lie in what a plan takes, or in that and the kerf; its expansion must be resolved."""
    gone = np.ones(len(points_mm), bool)
    if plan.planes:
        gone &= outside_mm(plan, points_mm, beyond_kerf=with_kerf) <= 0
    if plan.specimen is not None:
        gone &= shares_at(plan.specimen, points_mm) >= 0.5
    for zone in plan.spared:
        gone &= shares_at(zone.mask, points_mm) < 0.5
    return gone


def left_in_place(mask: Volume, plan: ResectionPlan, *, clear_mm: float = 3.0) -> Volume:
    """The part of a mask that a plan of planes leaves in the patient.

    For registering images from before and after an operation: only what stayed says how they lie to one another.
    Take the body with about 5 mm of air round it, as an edge tells its place only with both its sides.

    Parameters
    ----------
    mask : Volume
    plan : ResectionPlan
        With planes; its specimen, expansion and spared zones say nothing here.
    clear_mm : float
        What lies nearer to the specimen than this is left out too, as the cut may have gone there.

    Returns
    -------
    Volume
        Boolean, on the grid of `mask`.

    Raises
    ------
    PlanError
        If the plan has no plane.

    Examples
    --------
    >>> from sarcoma_review.planning import Plane
    >>> rod = Volume(np.ones((10, 1, 1), bool), [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    >>> plan = ResectionPlan([Plane((0, 0, 4.5), (0, 0, 1))])
    >>> left_in_place(rod, plan).array[:, 0, 0].astype(int).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
    """
    if not plan.planes:
        raise PlanError("what stays in place is told by planes; the plan has none")
    index = np.argwhere(inside(mask))
    stays = np.zeros(mask.shape, bool)
    stays[tuple(index.T)] = outside_mm(plan, mask.position_mm(index)) > clear_mm
    return mask_on(mask, stays)


def specimen_volume_ml(plan: ResectionPlan) -> float | None:
    """Volume of what a plan takes, ml; None for planes alone, which bound no body. Its expansion must be resolved."""
    if plan.specimen is None:
        return None
    cells = cells_of(plan.specimen, "the specimen")
    return float(cells.volumes_ml @ cells.shares_behind(plan)[0])

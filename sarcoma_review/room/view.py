"""What the presenter shows: the settings of the viewer, by the names of its traits, and where in the case."""

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sarcoma_review.meeting import MarkView
from sarcoma_review.volume import Grid

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
Point = Annotated[list[Finite], Field(min_length=3, max_length=3)]
Window = Annotated[list[Finite], Field(max_length=2)]
Name = Annotated[str, Field(max_length=80)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
_PLACE = ("case_id", "page", "scene")


class ViewChange(BaseModel):
    """Settings that change; what is not among them stays."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    case_id: Annotated[str, Field(max_length=64)] | None = None
    page: Annotated[int, Field(ge=0, le=500)] = 0
    scene: Annotated[int, Field(ge=0, le=100)] | None = None
    crosshair_mm: Point | None = None
    window: Window | None = None
    beside_window: Window | None = None
    fusion_window: Window | None = None
    preset: Name | None = None
    hidden: Annotated[list[Name], Field(max_length=8)] | None = None
    oblique: Name | Point | None = None
    enlarged: Literal["", "axial", "coronal", "sagittal", "oblique"] | None = None
    fill_opacity: Share | None = None
    fusion_opacity: Share | None = None


def changed(view: dict[str, Any], change: ViewChange) -> dict[str, Any]:
    """The view after a change; in another case, page or scene it begins anew.

    Examples
    --------
    >>> view = changed({}, ViewChange(case_id="c1", preset="bone"))
    >>> changed(view, ViewChange(preset="lung"))
    {'case_id': 'c1', 'page': 0, 'scene': None, 'preset': 'lung'}
    >>> changed(view, ViewChange(page=2))
    {'case_id': 'c1', 'page': 2, 'scene': None}
    """
    given = change.model_dump(exclude_unset=True)
    place = {name: given.get(name, view.get(name, 0 if name == "page" else None)) for name in _PLACE}
    moved = any(place[name] != view.get(name) for name in _PLACE)
    held = {} if moved else view
    settings = {name: value for name, value in given.items() if value is not None and name not in _PLACE}
    return held | place | settings


def bookmark(view: dict[str, Any], scene: dict[str, Any]) -> MarkView | None:
    """The view as the journal keeps it: the slice of the first image that the crosshair lies on.

    Parameters
    ----------
    view : dict
    scene : dict
        Of the published case, with its ``series_uid`` and the index axis ``through`` each plane.

    Returns
    -------
    MarkView or None
        None where no crosshair was set, or the images have no series.
    """
    crosshair, series = view.get("crosshair_mm"), scene.get("series_uid")
    if not crosshair or not series:
        return None
    first = scene["words"]["images"][0]
    grid = Grid(tuple(first["shape"]), np.reshape(first["affine"], (4, 4)))
    plane = view["enlarged"] if view.get("enlarged") in scene["through"] else "axial"
    axis: int = scene["through"][plane]
    # Half way between two slices it is the higher, as on a page.
    number = min(max(math.floor(float(grid.index(crosshair)[axis]) + 0.5), 0), grid.shape[axis] - 1)
    low_high = view.get("window") or scene["opening"]["window"]
    window = ((low_high[0] + low_high[1]) / 2, low_high[1] - low_high[0]) if len(low_high) == 2 else None
    return MarkView.model_validate(
        {"series_uid": series, "slice": number, "plane": plane, "window": window, "position_mm": crosshair}
    )

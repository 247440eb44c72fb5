"""The margin planner: a viewer whose planes are moved by hand, with the margin as they move."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import (
    MarginReport,
    PlanComparison,
    PlanDrag,
    Plane,
    ResectionPlan,
    TumourSurface,
    Uncertainty,
    compare_plans,
    resection_margins,
)
from sarcoma_review.planning.patches import plane_margins_mm
from sarcoma_review.planning.uncertainty import interval_of_minimum
from sarcoma_review.present import wire
from sarcoma_review.present.scene import PlaneLike, plane_words
from sarcoma_review.present.skin import bands_of
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets.plan_book import PlanBook
from sarcoma_review.widgets.plan_words import LIMITS_MM, least_words, moved, plane_from, report_words
from sarcoma_review.widgets.settings import image_words
from sarcoma_review.widgets.viewer import Viewer

_NO_STRUCTURES: Mapping[str, Segment] = MappingProxyType({})


class MarginPlanner(Viewer):
    """A viewer in which planes are dragged and tilted, with the margin, its interval and the surface as they move.

    Parameters
    ----------
    volume : Volume
        The image.
    tumour : Segment
        On the grid of `volume`.
    plans : ResectionPlan or mapping of str to ResectionPlan
        One, called A, or several by name; the first is open.
    structures : mapping of str to Segment
        Cord, roots, vessels, joint, growth plate; measured at the end of each move, and drawn if on the same grid.
    bone : Segment, optional
        The bone that is cut.
    uncertainty : Uncertainty, optional
        As for `resection_margins`.
    **looks
        What `Viewer` takes besides: `window`, `crosshair_mm`, `fusion`, `beside`, `labels` and so on.

    Raises
    ------
    PlanError
        If there are no plans or more than 6.
    PrivacyError, GeometryError, PresentationError
        As for `Viewer`.

    Notes
    -----
    While a plane moves, its margin is that of the nearest vertex, corrected as the local fit last corrected it; the
    fit itself and what takes longer (structures, bone) follow on release. Every release is a step that can be undone.
    Nothing but this object holds the plans: a page that is loaded anew shows them as they are.

    Examples
    --------
    >>> ball = np.linalg.norm(np.mgrid[0:40, 0:40, 0:40] - 19.5, axis=0).T < 10
    >>> ct = Volume(np.zeros((40, 40, 40), np.int16), np.eye(4)[[2, 1, 0, 3]], modality="CT")
    >>> tumour = Segment("tumour", Volume(ball, ct.affine))
    >>> planner = MarginPlanner(ct, tumour, ResectionPlan([Plane((19.5, 19.5, 35), (0.1, 0, 1), name="proximal")]))
    >>> planner
    <MarginPlanner CT 40 x 40 x 40, plan A: least margin 5.4 mm (95 % 5.3 to 5.5)>
    """

    def __init__(
        self,
        volume: Volume,
        tumour: Segment,
        plans: ResectionPlan | Mapping[str, ResectionPlan],
        *,
        structures: Mapping[str, Segment] = _NO_STRUCTURES,
        bone: Segment | None = None,
        uncertainty: Uncertainty | None = None,
        **looks: Any,
    ) -> None:
        named = {"A": plans} if isinstance(plans, ResectionPlan) else dict(plans)
        self._book = PlanBook(named, next(iter(named), ""))
        self._tumour, self._bone, self._uncertainty = TumourSurface.from_mask(tumour.mask), bone, uncertainty
        self._structures = dict(structures)
        self._reports: dict[str, MarginReport] = {}
        self._drag: PlanDrag | None = None
        self._changed: list[Callable[[Mapping[str, ResectionPlan]], object]] = []
        drawn = [tumour, *([bone] if bone else []), *structures.values()]
        on_grid = [each for each in drawn if each.mask.grid.same_as(volume.grid)]
        super().__init__(
            volume,
            segments=looks.pop("segments", on_grid),
            planes=self._book.plan.planes,
            surface=self._tumour,
            margins_mm=self.report.distances_mm,
            **looks,
        )

    @property
    def plan(self) -> ResectionPlan:
        """The open plan."""
        return self._book.plan

    @property
    def opened(self) -> str:
        """The name of the open plan."""
        return self._book.open

    @property
    def plans(self) -> Mapping[str, ResectionPlan]:
        """All plans, by name."""
        return self._book.plans

    @property
    def report(self) -> MarginReport:
        """What was measured of the open plan; measured when first asked for."""
        name = self._book.open
        if name not in self._reports:
            self._reports[name] = resection_margins(
                self._tumour, self.plan, structures=self._structures, bone=self._bone, uncertainty=self._uncertainty
            )
        return self._reports[name]

    def compare(self) -> PlanComparison:
        """All plans side by side, for discussion."""
        return compare_plans(
            self._tumour, self.plans, bone=self._bone, structures=self._structures, uncertainty=self._uncertainty
        )

    def open_plan(self, name: str) -> None:
        """Go on with another plan; every page follows.

        Raises
        ------
        PlanError
            If there is none of this name.
        """
        with self._guard:
            self._take(self._book.turned_to(name))

    def on_change(self, callback: Callable[[Mapping[str, ResectionPlan]], object]) -> None:
        """Call a function with all plans after each step, taken here or on a page; not while a plane is dragged."""
        self._changed.append(callback)

    def set_plane(self, plane: Plane) -> None:
        """Put a plane in the place of that of its name in the open plan, or add it; every page follows."""
        with self._guard:
            self._take(self._book.with_plane(plane))

    def undo(self) -> None:
        """Take the last change of the plans back; every page follows."""
        with self._guard:
            self._take(self._book.undone())

    def redo(self) -> None:
        """Make the change anew that was taken back last."""
        with self._guard:
            self._take(self._book.redone())

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The open plan's planes; set them anew, and every page follows.

        Raises
        ------
        PlanError
            If one is no `Plane`, or they make no plan.
        """
        return self._book.plan.planes

    @planes.setter
    def planes(self, planes: Sequence[PlaneLike]) -> None:
        with self._guard:
            self._take(self._book.with_planes(_measurable(planes)))

    def __repr__(self) -> str:
        low, high = self.report.interval_mm
        least = f"least margin {self.report.minimum_mm:.1f} mm (95 % {low:.1f} to {high:.1f})"
        return f"<MarginPlanner {image_words(self.volume)}, plan {self._book.open}: {least}>"

    # --- pages ---

    def _answer(self, widget: object, asked: dict[str, Any], buffers: object) -> None:
        with self._guard:
            try:
                match asked:
                    case {"t": "pose", "page": str(page), "n": int(n), "plane": dict(words), "done": bool(done)}:
                        self._pose(page, n, words, done=done)
                    case {"t": "cut", "plane": dict(words)}:
                        self._take(self._book.with_plane(plane_from(words, None)))
                    case {"t": "uncut", "name": str(name)}:
                        self._take(self._book.without_plane(name))
                    case {"t": "book", "do": "open", "name": str(name)}:
                        self._take(self._book.turned_to(name))
                    case {"t": "book", "do": str(do)}:
                        self._take(self._turned(do))
                    case _:
                        super()._answer(widget, asked, buffers)
            except PlanError as error:
                self.send({"t": "said", "to": asked.get("page"), "words": str(error)})

    def _turned(self, do: str) -> PlanBook:
        book = self._book
        match do:
            case "copy":
                return book.copied()
            case "drop":
                return book.dropped()
            case "undo":
                return book.undone()
            case "redo":
                return book.redone()
        raise PlanError("plans are opened, copied, dropped, undone and redone; the page asked for something else")

    def _pose(self, page: str, n: int, words: dict[str, Any], *, done: bool) -> None:
        """Move a plane of the open plan, as a page drags it; on release it is a step of its own."""
        known = {plane.name: (number, plane) for number, plane in enumerate(self.plan.planes)}
        name = str(words.get("name"))
        if name not in known:
            raise PlanError("the plane that was moved is no longer part of this plan")
        number, old = known[name]
        plane = moved(old, plane_from(words, old))
        if done:
            self._take(self._book.with_plane(plane), frm=page)
            return
        if self._drag is None:
            self._drag = PlanDrag(self._tumour, self.plan.planes, limits_mm=LIMITS_MM)
            self._body = self._body_margins()
        state = self._drag.update(number, plane)
        rows = self.report.planes
        live = [row.margin_mm for row in rows]
        live[number] += float(self._drag.minima_mm[number]) - rows[number].unrefined_mm  # the local fit goes along
        expected = [margin - row.outline_shift_mm for margin, row in zip(live, rows, strict=True)]
        low, high = interval_of_minimum(expected, [row.sd_mm for row in rows])
        self.send(
            {
                "t": "live",
                "n": n,
                "from": page,
                "plane": plane_words(plane),
                "margins": live,
                "least": [min(live), low, high],
                "position_mm": state.minimum_position_mm.tolist(),
                "fractions": state.area_fractions,
            },
            [bands_of(np.minimum(state.distances_mm, self._body)).data],
        )

    def _body_margins(self) -> NDArray[np.float32]:
        """Margins to what bounds the plan besides its planes, at the vertices: they stay while a plane moves."""
        margins = self.report.distances_mm.astype(np.float32)
        alone = np.min(plane_margins_mm(self.plan, self._tumour.vertices), axis=0)
        return np.where(margins < alone - 1e-3, margins, np.float32(np.inf))

    def _take(self, book: PlanBook, *, frm: str = "") -> None:
        """Go on with a changed book: measure what changed, and tell every page."""
        same = {name for name, plan in book.plans.items() if plan is self._book.plans.get(name)}
        self._reports = {name: report for name, report in self._reports.items() if name in same}
        self._book, self._drag = book, None
        self._lay(book.plan.planes, frm=frm)
        bands = bands_of(self.report.distances_mm)
        if self._skin is not None:
            self._skin.bands[:] = bands  # in place: a page that comes later asks for these
        self.send({"t": "plan", "plan": self._plan_words()}, [bands.data])
        for callback in self._changed:
            callback(book.plans)

    def _plan_words(self) -> dict[str, Any]:
        book = self._book
        return report_words(self.report) | {
            "plans": [
                {"name": name, "least": least_words(self._reports[name]) if name in self._reports else None}
                for name in book.plans
            ],
            "open": book.open,
            "undo": bool(book.past),
            "redo": bool(book.future),
        }

    @cached_property
    def _bone_mesh(self) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """The bone as a page sees through it: from every second voxel, so that it turns quickly."""
        if self._bone is None:
            return np.empty((0, 3), "<f4"), np.empty((0, 3), "<u4")
        affine = self._bone.mask.affine.copy()
        affine[:3, :3] *= 2
        coarse = TumourSurface.from_mask(Volume(self._bone.mask.array[::2, ::2, ::2], affine))
        return coarse.vertices.astype("<f4"), coarse.faces.astype("<u4")

    def _meshes(self) -> dict[wire.Layer, Any]:
        vertices, faces = self._bone_mesh
        return super()._meshes() | {"bone_vertices": vertices, "bone_faces": faces}

    def _meta(self) -> dict[str, Any]:
        vertices, faces = self._bone_mesh
        bone = {"vertices": len(vertices), "faces": len(faces)} if len(faces) else None
        return super()._meta() | {"plan": self._plan_words(), "bone": bone}


def _measurable(planes: Sequence[PlaneLike]) -> list[Plane]:
    """The planes, where margins can be measured to each."""
    kinds = {type(plane).__name__ for plane in planes if not isinstance(plane, Plane)}
    if kinds:
        raise PlanError(f"a plan is measured: expected planes of the kind Plane, found {', '.join(sorted(kinds))}")
    return [plane for plane in planes if isinstance(plane, Plane)]

"""Plan: planes moved by hand, with the margin, its interval, and what the outline and the saw add to it."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as ipw

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import TumourSurface, Uncertainty
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION
from sarcoma_review.present import Option, key_images
from sarcoma_review.widgets import MarginPlanner
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.outline import Outline
from sarcoma_review.workbench.page import Page, control, grid
from sarcoma_review.workbench.plans import first_plan, kept_plans, plans_kept

_HINT = (
    "With Planes (key M) a plane is dragged by its middle and tilted by its ends; Copy goes on with a second plan to "
    "compare. The first plane stands 20 mm above the tumour only so that there is one. Next: Pathway, or Case."
)
_NONE = "none"
_OUTLINE_SD_MM = 2.0


class Plan(Page):
    """A planner on the outlines as they are now."""

    def __init__(self, desk: Desk, outline: Outline) -> None:
        super().__init__("Plan", _HINT)
        self._desk, self._outline = desk, outline
        self._planner: MarginPlanner | None = None
        self._built: tuple[Any, ...] = ()
        self._filling = False  # choices that follow what was kept keep nothing
        self._tumour = control(ipw.Dropdown, "Tumour")
        self._bone = control(ipw.Dropdown, "Bone that is cut")
        self._saw = control(ipw.Dropdown, "How it is cut", options=list(PUBLISHED_EXECUTION))
        self._outline_sd = control(
            ipw.BoundedFloatText, "Outline's own error, sd mm", min=0.0, max=20.0, step=0.5, value=_OUTLINE_SD_MM
        )
        self._source = ipw.HTML()
        self._place = ipw.VBox()
        choices = grid(self._tumour, self._bone, self._saw, self._outline_sd)
        self.body.children = [choices, self._source, self._place]
        for name, widget in self._controls.items():
            self.on_value(widget, self._keeping(name))

    @property
    def _controls(self) -> dict[str, Any]:
        return {"tumour": self._tumour, "bone": self._bone, "saw": self._saw, "outline_sd_mm": self._outline_sd}

    def shown(self) -> None:
        """Show the plans on the outlines as they are now."""
        self._place.children = [self.planner]
        used = PUBLISHED_EXECUTION[self._saw.value]
        self._source.value = (
            f"<small>The cut's own error: sd {used.sd_mm:.1f} mm, from {escape(used.cuts)} ({escape(used.source)}). "
            "It goes into every interval, as does that of the outline.</small>"
        )

    @property
    def planner(self) -> MarginPlanner:
        """The planner, made anew where outlines or choices have changed.

        Raises
        ------
        PlanError
            If no tumour is outlined.
        PresentationError
            If no study is open.
        """
        work, outliner = self._desk.work, self._outline.outliner
        self._offer(work)
        state = (work, work.number, outliner.journal, *(each.value for each in self._controls.values()))
        if self._planner is None or self._built != state:
            old, self._planner = self._planner, self._made(work)
            self._built = state
            if old is not None:
                old.close()
        return self._planner

    @property
    def tumour(self) -> str:
        """The name of the outline that is measured."""
        return str(self._tumour.value)

    @property
    def options(self) -> list[Option]:
        """Every plan with what was measured of it; none where nothing was planned."""
        if not self._desk.work.plans:
            return []
        planner, before, found = self.planner, self.planner.opened, []
        for name in planner.plans:
            planner.open_plan(name)
            found.append(Option(f"Plan {name}", planner.plan, planner.report))
        planner.open_plan(before)
        return found

    def keep_closest(self) -> None:
        """Keep the three views through the place where the open plan's margin is least."""
        planner = self.planner
        found = key_images(
            planner.volume,
            planner.report,
            segments=planner.segments,
            planes=planner.plan.planes,
            window=planner.window,
        )
        planner.key_images = (*planner.key_images, *found)

    def _offer(self, work: Work) -> None:
        """Fill the choices with what is drawn, and with what was chosen before."""
        names = [each.name for each in self._outline.drawn]
        if not names:
            raise PlanError("no tumour is outlined yet: draw it under Outline")
        kept = {"saw": self._saw.options[0], "outline_sd_mm": _OUTLINE_SD_MM} | work.folder.get("plan", {})
        self._filling = True
        try:
            for name, options in (("tumour", names), ("bone", [_NONE, *names])):
                self._controls[name].options = options
                self._controls[name].value = kept[name] if kept.get(name) in options else options[0]
            self._saw.value, self._outline_sd.value = kept["saw"], kept["outline_sd_mm"]
        finally:
            self._filling = False

    def _keeping(self, name: str) -> Callable[[Any], None]:
        def keep(value: Any) -> None:
            if self._filling or not self._desk.is_open:
                return
            folder = self._desk.work.folder
            folder.keep("plan", {**folder.get("plan", {}), name: value})
            self.shown()

        return keep

    def _made(self, work: Work) -> MarginPlanner:
        drawn = {each.name: each for each in self._outline.drawn}
        tumour, bone = drawn.pop(self._tumour.value), drawn.pop(self._bone.value, None)
        plans = plans_kept(work.plans)
        uncertainty = Uncertainty.published(self._saw.value, segmentation_sd_mm=self._outline_sd.value)
        made = MarginPlanner(
            work.volume,
            tumour,
            plans or {"A": first_plan(TumourSurface.from_mask(tumour.mask))},
            structures=drawn,
            bone=bone,
            uncertainty=uncertainty,
            measured=work.folder.made() / f"plan-{work.number}.marks.json",
        )
        if (opened := work.folder.get("plan open", "A")) in made.plans:
            made.open_plan(opened)
        work.keep_plans(kept_plans(made.plans))
        made.on_change(lambda _plans: self.trying(lambda: self._keep(work, made)))
        made.key_images = work.folder.images("plan")
        made.on_keep(lambda images: self.trying(lambda: work.folder.keep_images("plan", images)))
        return made

    def _keep(self, work: Work, planner: MarginPlanner) -> None:
        work.keep_plans(kept_plans(planner.plans))
        work.folder.keep("plan open", planner.opened)

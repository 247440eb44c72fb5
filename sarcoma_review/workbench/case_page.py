"""Case: the words of the presentation, the options with their reasons, and the key images."""

import re
from base64 import b64encode
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as ipw

from sarcoma_review.present import Afterwards, Case, Event, KeyImage, LearningPoint, Option, Pathology
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page, control, grid, row
from sarcoma_review.workbench.pathway import Pathways
from sarcoma_review.workbench.plan import Plan

_HINT = (
    "Write what the meeting needs to know, in roles and ages, never in names or dates; what stays empty is shown as "
    "not recorded. Everything is kept as you write. Next: Deck."
)
_SEX, _SIDE = ("female", "male", "other"), ("left", "right", "midline")
_LINES: tuple[tuple[str, str], ...] = (
    ("age_band", "Age band, such as 20-24"),
    ("site", "Site"),
    ("diagnosis", "Diagnosis"),
    ("performance_status", "Performance status"),
    ("report", "Pathology: report"),
    ("grade", "Pathology: grade and system"),
    ("review", "Pathology: specialist review"),
    ("molecular", "Pathology: molecular tests"),
)
_TEXTS: tuple[tuple[str, str], ...] = (
    ("history", "History"),
    ("timeline", "Time line in weeks"),
    ("comorbidity", "Comorbidity"),
    ("patient_views", "What the patient wants"),
    ("psychosocial", "Psychosocial"),
)
_HINTS = {"timeline": "one entry a line, weeks from diagnosis: -6: pain above the knee"}
_WEEK = re.compile(r"(?:week )?([-+−]?\d+(?:\.\d+)?):\s*(.+)", re.IGNORECASE)
_AFTER: tuple[tuple[str, str], ...] = (
    ("discussion", "Points made, one a line"),
    ("decision", "Decision of the meeting"),
    ("dissent", "Dissent"),
    ("done", "What was done"),
    ("outcome", "Outcome"),
    ("learning", "What was learned, one a line"),
)
_SAID = (
    *("age_band", "sex", "site", "side", "diagnosis", "performance_status"),
    *("history", "comorbidity", "patient_views", "psychosocial"),
)
_PATHOLOGY = ("report", "grade", "review", "molecular")


class CasePage(Page):
    """A form of the case's fields, and its key images."""

    def __init__(self, desk: Desk, plan: Plan, pathway: Pathways) -> None:
        super().__init__("Case", _HINT)
        self._desk, self._plan, self._pathway = desk, plan, pathway
        self._fields = _controls()
        self._options = ipw.VBox()
        self._stills = ipw.HTML()
        self._built: Work | None = None
        for name, widget in self._fields.items():
            self.on_value(widget, self._keeping(name))
        after = ipw.Accordion([ipw.VBox([self._fields[name] for name, _ in _AFTER])])
        after.titles = ("After the meeting: closed until it is revealed",)
        closest = self.button("Keep the three views of the least margin", self._keep_closest)
        self.body.children = [
            self._fields["question"],
            *self._part("The patient", "age_band", "sex", "performance_status", *(name for name, _ in _TEXTS)),
            *self._part("The disease", "site", "side", "diagnosis", *_PATHOLOGY),
            *self._part("Options, for discussion"),
            self._options,
            self._fields["other_option"],
            *self._part("Key images"),
            row(closest),
            self._stills,
            after,
        ]

    def shown(self) -> None:
        """Show what was written of this case, its options as planned, and its key images."""
        work = self._desk.work
        if self._built is not work:
            self._built = None  # fields that follow what was kept keep nothing
            words = work.folder.get("words", {})
            for name, widget in self._fields.items():
                widget.value = words.get(name, "")
            self._built = work
        names = [f"Plan {name}" for name in work.plans]
        self._options.children = [self._reasons(work, name, side) for name in names for side in ("for", "against")]
        self._stills.value = _pictures(kept_images(work))

    def _part(self, head: str, *names: str) -> list[ipw.Widget]:
        """A heading and its fields: the short ones two in a row, then the long ones."""
        short = [self._fields[name] for name in names if not isinstance(self._fields[name], ipw.Textarea)]
        long = [self._fields[name] for name in names if isinstance(self._fields[name], ipw.Textarea)]
        heading = ipw.HTML(f"<b>{head}</b>", layout=ipw.Layout(margin="8px 0 0"))
        return [heading, *([grid(*short)] if short else []), *long]

    def _keep_closest(self) -> None:
        self._plan.keep_closest()
        self._stills.value = _pictures(kept_images(self._desk.work))

    @property
    def case(self) -> Case:
        """The case as it stands, for a deck.

        Raises
        ------
        PresentationError
            If a text names somebody, or no study is open.
        """
        work = self._desk.work
        words = {name: text.strip() or None for name, text in work.folder.get("words", {}).items()}
        known: dict[str, Any] = {name: words.get(name) for name in _SAID}
        ruled = self._pathway.results
        return Case(
            work.case_id,
            words.get("question") or "",
            self._desk.on,
            timeline=[event_of(line) for line in _lines(words.get("timeline"))],
            pathology=Pathology(**{name: words.get(name) for name in _PATHOLOGY}),
            imaging=work.volumes,
            segments=self._plan.planner.segments if work.plans else work.outlined(work.volume),
            key_images=kept_images(work),
            options=self._argued(work, words.get("other_option")),
            pathway=ruled[0] if ruled else None,
            rule_results=ruled[1] if ruled else (),
            findings=tuple(work.study.issues),
            after=_afterwards(words),
            **known,
        )

    def _argued(self, work: Work, other: str | None) -> list[Option]:
        """Every plan with its reasons, and the way without a plan where one is named."""
        reasons = work.folder.get("reasons", {})
        planned = [
            Option(
                option.name,
                option.plan,
                option.margins,
                _lines(reasons.get(f"{option.name} for")),
                _lines(reasons.get(f"{option.name} against")),
            )
            for option in self._plan.options
        ]
        return planned + ([Option(other)] if other else [])

    def _reasons(self, work: Work, name: str, side: str) -> ipw.Textarea:
        key = f"{name} {side}"
        made = _area(f"{name}: {side}", "reasons, one a line", work.folder.get("reasons", {}).get(key, ""))
        self.on_value(made, lambda text: work.folder.keep("reasons", {**work.folder.get("reasons", {}), key: text}))
        return made

    def _keeping(self, name: str) -> Callable[[str], None]:
        def keep(text: str) -> None:
            if self._built is not None:
                folder = self._built.folder
                folder.keep("words", {**folder.get("words", {}), name: text})

        return keep


def event_of(line: str) -> Event:
    """An entry of the time line, with its week where one is written before it.

    Examples
    --------
    >>> event_of("-6: pain"), event_of("chemotherapy")
    (Event(what='pain', week=-6.0), Event(what='chemotherapy', week=None))
    """
    found = _WEEK.fullmatch(line)
    return Event(found[2], float(found[1].replace("−", "-"))) if found else Event(line)


def kept_images(work: Work) -> tuple[KeyImage, ...]:
    """Key images of every viewer of a case, in the order of the tabs."""
    each = [*(f"{tab} {n}" for tab in ("browse", "outline") for n in range(len(work.volumes))), "plan"]
    return tuple(image for name in each for image in work.folder.images(name))


def _controls() -> dict[str, Any]:
    made: dict[str, Any] = {"question": _area("Question to the meeting", "what is to be discussed")}
    choices = (("sex", "Sex", _SEX), ("side", "Side", _SIDE))
    lines = {name: control(ipw.Text, words, continuous_update=False) for name, words in _LINES}
    made |= {
        name: control(ipw.Dropdown, words, options=[("not recorded", ""), *zip(given, given, strict=True)])
        for name, words, given in choices
    }
    made |= lines | {name: _area(words, _HINTS.get(name, "")) for name, words in _TEXTS}
    made["other_option"] = control(
        ipw.Text, "Another option, without cuts", continuous_update=False, placeholder="such as radiotherapy alone"
    )
    return made | {name: _area(words) for name, words in _AFTER}


def _area(words: str, hint: str = "", value: str = "") -> ipw.Textarea:
    return control(ipw.Textarea, words, placeholder=hint, value=value, rows=2, continuous_update=False)


def _afterwards(words: dict[str, str | None]) -> Afterwards | None:
    if not any(words.get(name) for name, _ in _AFTER):
        return None
    return Afterwards(
        discussion=_lines(words.get("discussion")),
        decision=words.get("decision"),
        dissent=words.get("dissent"),
        done=words.get("done"),
        outcome=words.get("outcome"),
        learning=[LearningPoint(line) for line in _lines(words.get("learning"))],
    )


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())


def _pictures(images: tuple[KeyImage, ...]) -> str:
    if not images:
        return "<p>None kept yet: K keeps the view under the pointer, in Browse, Outline and Plan.</p>"
    figures = (
        f'<figure style="margin:0 10px 10px 0;width:220px"><img style="width:220px" alt="{escape(image.alt)}" '
        f'src="data:image/png;base64,{b64encode(image.png).decode()}">'
        f'<figcaption style="line-height:1.3">{escape(image.caption)}</figcaption></figure>'
        for image in images
    )
    return f'<div style="display:flex;flex-wrap:wrap">{"".join(figures)}</div>'

"""The dashboard: what became of a registry's cases, each picture beside its table and under disclosure control."""

import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import anywidget

from sarcoma_review.errors import OutcomeError, SarcomaReviewError
from sarcoma_review.outcomes import ENDPOINTS, Benchmark, Schedule, schedules
from sarcoma_review.present.outcome_figures import outcome_figure
from sarcoma_review.registry import Registry
from sarcoma_review.registry.dashboard_data import DashboardData, outcome_panels, read_dashboard, standing_panels
from sarcoma_review.registry.overview import SHARED_RULE, Audience, Panel, Question, require_audience
from sarcoma_review.widgets.twin import Bundle, page, paragraph, table, with_html

STATIC = Path(__file__).parent / "static"
_INSIDE = "For inside the centre: counts are exact and small ones name patients. Do not share."


class Dashboard(anywidget.AnyWidget):
    """Curves with numbers at risk, centres against a benchmark, margins, decisions, follow-up and data quality.

    Every picture is a still with words for it and its table beside it. Centres stand in alphabetical order and are
    never ranked.

    Parameters
    ----------
    source : Registry or DashboardData
        Read once; make a new dashboard to read it again.
    as_of : date
        The data cut, where a registry is given.
    endpoint : str, default: "local_recurrence"
        One of `sarcoma_review.outcomes.ENDPOINTS`; can be changed on the page.
    audience : {"shared", "centre"}
        With ``"shared"`` small counts are suppressed, and curves coarsened and cut, before anything is drawn. Exact
        counts are shown for ``"centre"`` only.
    benchmarks : mapping of str to Benchmark, optional
        By endpoint; without one there is no funnel and no CUSUM.
    schedule : Schedule, optional
        Of follow-up.

    Raises
    ------
    OutcomeError
        If there is no such endpoint, or the audience is neither.

    Notes
    -----
    The pictures travel to a page that asks for them, and are never stored in the notebook; the tables are. What
    leaves the centre as a table goes through `sarcoma_review.registry.release.release`, which holds it against
    everything released before.

    Examples
    --------
    >>> registry = Registry.open(":memory:")
    >>> Dashboard(registry, as_of=date(2026, 11, 22))
    <Dashboard local_recurrence to 2026-11-22, for sharing>
    """

    _esm = STATIC / "dashboard.js"
    _css = STATIC / "dashboard.css"

    def __init__(
        self,
        source: Registry | DashboardData,
        *,
        as_of: date,
        endpoint: str = "local_recurrence",
        audience: Audience = "shared",
        benchmarks: Mapping[str, Benchmark] | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        self._data = source if isinstance(source, DashboardData) else read_dashboard(source, as_of=as_of)
        self._audience = require_audience(audience)
        self._benchmarks = dict(benchmarks or {})
        self._schedule = schedule or schedules()["esmo-older-edition"]
        self._guard = threading.RLock()
        self._endpoint, self._centre = endpoint, ""
        self._standing = standing_panels(self._data, self._asked(endpoint), self._schedule)
        self._outcome = self._made(endpoint, "")
        super().__init__()
        self.on_msg(self._hear)

    @property
    def endpoint(self) -> str:
        """The endpoint that is shown."""
        return self._endpoint

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What is shown: numbers, words and tables, as far as they may be."""
        return (*self._outcome, *self._standing)

    def show(self, endpoint: str, *, centre: str = "") -> None:
        """Show another endpoint, and the operations of one centre or, with ``""``, of all.

        Raises
        ------
        OutcomeError
            If there is no such endpoint or centre.
        """
        with self._guard:
            self._outcome = self._made(endpoint, centre)
            self._endpoint, self._centre = endpoint, centre
            self.send({"t": "dashboard", **self._words()})

    def __repr__(self) -> str:
        return (
            f"<Dashboard {self._endpoint} to {self._data.as_of}, {'for sharing' if self._shared else 'for inside'}>"
        )

    def _repr_mimebundle_(self, **options: Any) -> Bundle:
        return with_html(super()._repr_mimebundle_(**options), self._still())

    @property
    def _shared(self) -> bool:
        return self._audience == "shared"

    def _asked(self, endpoint: str) -> Question:
        if endpoint not in ENDPOINTS:
            raise OutcomeError(f"no such endpoint; there are {', '.join(sorted(ENDPOINTS))}")
        return Question(ENDPOINTS[endpoint], self._audience, self._benchmarks.get(endpoint))

    def _made(self, endpoint: str, centre: str) -> tuple[Panel, ...]:
        if centre and centre not in self._data.centres:
            raise OutcomeError(f"no such centre; there are {', '.join(self._data.centres)}")
        return outcome_panels(self._data, self._asked(endpoint), centre=centre or None)

    def _hear(self, _widget: object, said: dict[str, Any], _buffers: object) -> None:
        with self._guard:
            match said:
                case {"t": "hello", "page": str(to)}:
                    self.send({"t": "dashboard", "to": to, **self._words()})
                case {"t": "show", "page": str(to), "endpoint": str(endpoint), "centre": str(centre)}:
                    try:
                        self.show(endpoint, centre=centre)
                    except SarcomaReviewError as problem:
                        self.send({"t": "refused", "to": to, "words": f"Not shown: {problem}"})

    def _words(self) -> dict[str, Any]:
        return {
            "rule": SHARED_RULE if self._shared else _INSIDE,
            "endpoints": [{"value": name, "words": name.replace("_", " ")} for name in ENDPOINTS],
            "endpoint": self._endpoint,
            "centres": list(self._data.centres),
            "centre": self._centre,
            "panels": [*map(_panel_words, self._outcome), *self._standing_words],
        }

    @cached_property
    def _standing_words(self) -> list[dict[str, Any]]:
        """What stays while endpoint and centre change, drawn once."""
        return [_panel_words(panel) for panel in self._standing]

    def _still(self) -> str:
        parts = [paragraph(SHARED_RULE if self._shared else _INSIDE)]
        for panel in self.panels:
            parts += [paragraph(panel.title), *(paragraph(line) for line in panel.lines)]
            parts += [paragraph(panel.withheld), table(panel.heads, panel.rows) if panel.rows else ""]
        return page(f"Dashboard, data cut {self._data.as_of}", *parts)


def _panel_words(panel: Panel) -> dict[str, Any]:
    words: dict[str, Any] = {
        "title": panel.title,
        "lines": panel.lines,
        "heads": panel.heads,
        "rows": panel.rows,
        "withheld": panel.withheld,
    }
    if not panel.withheld:
        picture = outcome_figure(panel)
        words |= {"alt": picture.alt, "picture": f"data:image/png;base64,{b64encode(picture.png).decode()}"}
    return words

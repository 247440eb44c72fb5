"""The frame of a tab: what to do next, what went wrong in one line, and what the tab holds."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as ipw

from sarcoma_review.errors import SarcomaReviewError
from sarcoma_review.privacy.faults import words_of

WIDE = ipw.Layout(width="100%", max_width="900px")
_NEXT = "margin:2px 0 8px;padding:6px 12px;border-left:4px solid #56b4e9;max-width:900px;line-height:1.4"
_SAID = "margin:0 0 8px;padding:6px 12px;border-left:4px solid #d55e00;max-width:900px;line-height:1.4"
_DONE = _SAID.replace("#d55e00", "#009e73")


class Page(ipw.VBox):  # type: ignore[misc]
    """One tab.

    Parameters
    ----------
    title : str
        On its tab.
    hint : str
        What to do here, and what comes next.
    """

    def __init__(self, title: str, hint: str) -> None:
        self.title = title
        self._hint, self._said = ipw.HTML(), ipw.HTML()
        self.body = ipw.VBox()
        self.hint(hint)
        super().__init__([self._hint, self._said, self.body], layout=ipw.Layout(padding="6px 2px"))

    def shown(self) -> None:
        """Called each time the tab is opened."""

    def hint(self, words: str) -> None:
        """Say what to do here, and what comes next on a line of its own."""
        here, mark, after = (escape(part) for part in words.partition("Next: "))
        self._hint.value = f'<p style="{_NEXT}">{here}{f"<br><b>{mark}</b>{after}" if mark else ""}</p>'

    def say(self, words: str = "", *, done: bool = False) -> None:
        """Say what went wrong, or what was done, until the next step."""
        self._said.value = f'<p role="status" style="{_DONE if done else _SAID}">{escape(words)}</p>' if words else ""

    def trying(self, act: Callable[[], object]) -> bool:
        """Do something, and say in one line why it could not be done; give back whether it was."""
        self.say()
        try:
            act()
        except Exception as problem:
            self.say(str(problem).splitlines()[0] if isinstance(problem, SarcomaReviewError) else words_of(problem))
            return False
        return True

    def button(self, words: str, act: Callable[[], object], *, main: bool = False) -> ipw.Button:
        """A button that does something here; whatever it raises becomes a line."""
        made = ipw.Button(description=words, button_style="primary" if main else "", layout=ipw.Layout(width="auto"))
        made.on_click(lambda _button: self.trying(act))
        return made

    def on_value(self, widget: Any, act: Callable[[Any], object]) -> None:
        """Do something with each new value of a control."""
        widget.observe(lambda change: self.trying(lambda: act(change["new"])), "value")


def row(*widgets: ipw.Widget) -> ipw.HBox:
    """Controls side by side."""
    return ipw.HBox(widgets, layout=ipw.Layout(flex_flow="row wrap", align_items="center", max_width="900px"))


def beside(wide: ipw.Widget, button: ipw.Button) -> ipw.HBox:
    """A control with its button at its right."""
    wide.layout = ipw.Layout(flex="1 1 auto")
    button.layout.width = "190px"
    return ipw.HBox([wide, button], layout=WIDE)


def control(kind: type[ipw.Widget], words: str, **given: Any) -> Any:
    """A control with its words before it, as wide as the tab."""
    return kind(description=words, style={"description_width": "190px"}, layout=WIDE, **given)


def grid(*widgets: ipw.Widget) -> ipw.GridBox:
    """Controls two in a row, where there is room."""
    for widget in widgets:
        widget.layout = ipw.Layout(width="auto")
    columns = "repeat(auto-fit, minmax(400px, 1fr))"
    return ipw.GridBox(widgets, layout=ipw.Layout(grid_template_columns=columns, max_width="900px"))

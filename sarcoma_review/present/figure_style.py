"""The style that every drawn figure has: Okabe and Ito's colours, each with a line or mark of its own, on white."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.png import drawn

BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7"
GREY, PALE = "#595959", "#d9d9d9"
SERIES: Sequence[dict[str, Any]] = (
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": VERMILION, "marker": "s", "linestyle": "--"},
    {"color": GREEN, "marker": "D", "linestyle": "-."},
    {"color": PURPLE, "marker": "^", "linestyle": ":"},
    {"color": ORANGE, "marker": "v", "linestyle": (0, (8, 2))},
    {"color": "black", "marker": "P", "linestyle": (0, (3, 3))},
)
"""One for each thing compared: told apart in grey too."""
DOTS_PER_INCH = 150


def blank(width_inches: float, height_inches: float) -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes."""
    figure = Figure(figsize=(width_inches, height_inches), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def plain(axes: Axes, *, letters: float = 8.0) -> None:
    """Axes with no more lines than are read."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=letters)
    axes.xaxis.label.set_fontsize(letters + 0.5)
    axes.yaxis.label.set_fontsize(letters + 0.5)


def key(axes: Axes, **style: Any) -> None:
    """A legend above the axes, its words taken as they are."""
    legend = axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, **style)
    for words in legend.get_texts():
        words.set_parse_math(False)


def image(figure: Figure, caption: str, alt: str) -> KeyImage:
    """The figure as a still, the same bytes each time."""
    return KeyImage(drawn(figure, "white"), caption, alt)

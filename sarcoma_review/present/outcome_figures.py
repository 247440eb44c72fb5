"""Pictures of a dashboard's panels: told apart by line and label as well as colour, each with words for it."""

from collections.abc import Callable
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from sarcoma_review.errors import PresentationError
from sarcoma_review.outcomes import funnel_limits
from sarcoma_review.present.figure_style import BLUE, GREEN, GREY, ORANGE, VERMILION, blank, image, plain
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.registry.overview import CurvePanel, CusumPanel, FunnelPanel, Panel
from sarcoma_review.registry.overview_counts import CountPanel, MarginPanel

_SIZE_INCHES = (6.2, 3.7)


def outcome_figure(panel: Panel) -> KeyImage:
    """Draw a panel of the dashboard.

    Parameters
    ----------
    panel : Panel
        Its table goes beside the picture: a picture alone proves nothing.

    Raises
    ------
    PresentationError
        If the panel is withheld, or of no kind that has a picture.

    Examples
    --------
    >>> panel = CountPanel(title="Windows", lines=(), heads=("", ""), rows=(), counts={"none": 12, "one": "*"})
    >>> outcome_figure(panel).alt
    'Windows. Bars: none 12; one * (not drawn)'
    """
    if panel.withheld:
        raise PresentationError(f"{panel.title} is not drawn: {panel.withheld}")
    draw = _DRAWN.get(type(panel))
    if draw is None:
        raise PresentationError(f"a {type(panel).__name__} has no picture")
    figure, axes = blank(*_SIZE_INCHES)
    words = draw(axes, panel)
    return image(figure, panel.title, f"{panel.title}. {words}")


def _curve(axes: Axes, panel: CurvePanel) -> str:
    years, risk = np.array(panel.years), np.array(panel.risk)
    axes.fill_between(years, panel.lower, panel.upper, step="post", color=BLUE, alpha=0.15, lw=0)
    axes.step(years, risk, where="post", color=BLUE, lw=2, label="risk, other causes competing (95 % interval)")
    axes.step(years, panel.net, where="post", color=ORANGE, lw=1.6, ls="--", label=panel.net_words)
    top = max([0.1, *np.nan_to_num([*panel.net, *panel.upper]).tolist()])
    axes.set(xlim=(0, max(panel.years)), ylim=(0, min(1.0, 1.08 * top)), xlabel="years")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(loc="upper left", fontsize=7, frameon=False)
    for year, number in panel.at_risk.items():
        if year <= max(panel.years):
            axes.annotate(
                str(number), (year, 0), (0, -38), "data", "offset points", fontsize=7.5, ha="center", va="top"
            )
    axes.annotate("at risk", (0, 0), (-14, -38), "axes fraction", "offset points", fontsize=7.5, ha="right", va="top")
    plain(axes)
    read = "; ".join(f"{row[0]} years {row[1]}" for row in panel.rows)
    return f"A curve that rises from 0: {read}; the dashed one, {panel.net_words}, is never below it"


def _funnel(axes: Axes, panel: FunnelPanel) -> str:
    benchmark = panel.benchmark
    if benchmark is None:  # a panel without one is withheld
        return ""
    most = max(point.people for point in panel.points)
    sizes = np.unique(np.linspace(5, 1.15 * most, 80).astype(int))
    limits = np.array([funnel_limits(int(size), benchmark.rate, [0.025, 0.975]) for size in sizes]).clip(0, 1)
    axes.axhline(benchmark.rate, color=GREY, lw=1, label=f"benchmark {benchmark.rate:.1%}")
    axes.plot(sizes, limits, color=BLUE, lw=1.2, ls="--")
    axes.plot([], [], color=BLUE, lw=1.2, ls="--", label="95 % limits")
    for point in panel.points:
        colour, marker = (VERMILION, "D") if point.outside else (BLUE, "o")
        axes.plot(point.people, point.rate, marker, color=colour, ms=6)
        axes.annotate(point.centre, (point.people, point.rate), (6, 4), textcoords="offset points", fontsize=8)
    axes.set(xlim=(0, 1.15 * most), ylim=(0, None), xlabel="cases")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(loc="upper right", fontsize=7, frameon=False)
    plain(axes)
    places = "; ".join(f"{p.centre} {p.rate:.0%} of {p.people}, {p.outside or 'inside'}" for p in panel.points)
    return f"Rate by number of cases, with limits about {benchmark.rate:.1%}: {places}"


def _cusum(axes: Axes, panel: CusumPanel) -> str:
    chart = panel.chart
    if chart is None:  # a panel without one is withheld
        return ""
    operations = np.arange(1, chart.statistic.size + 1)
    axes.step(operations, chart.statistic, where="post", color=BLUE, lw=1.3)
    axes.axhline(chart.limit, color=VERMILION, lw=1.2, ls="--")
    axes.annotate(f"limit {chart.limit:.2f}", (1, chart.limit), (0, 3), textcoords="offset points", fontsize=7.5)
    for place in chart.signals:
        axes.plot(operations[place], chart.statistic[place], "D", color=VERMILION, ms=6)
    axes.set(xlabel="operations, by date", ylabel="CUSUM", ylim=(0, 1.15 * max(chart.limit, chart.statistic.max())))
    plain(axes)
    return f"A line that goes up with each event and down without; {chart.describe()}"


def _margins(axes: Axes, panel: MarginPanel) -> str:
    if panel.points:
        planned, achieved = np.array(panel.points).T
        low, high = min(0.0, achieved.min()), max(planned.max(), achieved.max())
        axes.plot([low, high], [low, high], color=GREY, lw=1, label="achieved as planned")
        axes.plot(planned, achieved, "o", color=BLUE, ms=3.2, alpha=0.5, mew=0)
        axes.set(xlabel="planned, mm", ylabel="achieved, mm")
        axes.legend(loc="upper left", fontsize=7, frameon=False)
    else:
        years, mean, deviation = np.array(panel.years).T
        axes.axhline(0, color=GREY, lw=1)
        axes.errorbar(years, mean, yerr=1.96 * deviation, fmt="o", color=BLUE, capsize=3)
        axes.set(xlabel="year", ylabel="achieved less planned, mm", xticks=years)
    plain(axes)
    read = "; ".join(f"{year} {mean:+.1f} mm, standard deviation {sd:.1f} mm" for year, mean, sd in panel.years)
    return f"Mean difference by year: {read}"


def _counts(axes: Axes, panel: CountPanel) -> str:
    names = list(panel.counts)
    lengths = [cell if isinstance(cell, int) else 0 for cell in panel.counts.values()]
    axes.barh(range(len(names)), lengths, color=GREEN, height=0.6)
    for place, cell in enumerate(panel.counts.values()):
        axes.annotate(str(cell), (lengths[place], place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set(yticks=range(len(names)), xlabel=panel.unit, xlim=(0, 1.12 * max([*lengths, 1])))
    axes.set_yticklabels(names, fontsize=8)
    axes.set_ylim(max(len(names), 4) - 0.5, -0.5)  # the first on top, and few bars no thicker than many
    plain(axes)
    drawn = [f"{name} {cell}{'' if isinstance(cell, int) else ' (not drawn)'}" for name, cell in panel.counts.items()]
    return f"Bars: {'; '.join(drawn)}"


_Draw = Callable[[Axes, Panel], str]
_DRAWN: dict[type[Panel], _Draw] = {
    CurvePanel: cast(_Draw, _curve),
    FunnelPanel: cast(_Draw, _funnel),
    CusumPanel: cast(_Draw, _cusum),
    MarginPanel: cast(_Draw, _margins),
    CountPanel: cast(_Draw, _counts),
}

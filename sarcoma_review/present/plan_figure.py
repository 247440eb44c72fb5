"""Plans side by side as figures: the margin at each face on a ruler, and how much of the surface lies near a cut."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from sarcoma_review.errors import PresentationError
from sarcoma_review.planning import MarginReport
from sarcoma_review.present.figure_style import GREY, PALE, SERIES, blank, image, key, plain
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.legible import legible, lettered
from sarcoma_review.present.skin import BANDS, bands_of

_WIDTH, _AROUND, _PLAN_ROW, _BETWEEN = 9.0, 1.0, 0.3, 0.25  # inches
_LONGEST = 40
_HATCHES = ("xxxx", "////", "", "....", "\\\\")
_FEW = 0.04  # of the surface: a share too narrow for words stands above the bar


def plan_figure(reports: Mapping[str, MarginReport]) -> KeyImage:
    """Draw the least margin at each face of each plan on one ruler, with its 95 % interval and its numbers.

    Parameters
    ----------
    reports : mapping of str to MarginReport
        By the plans' names, up to six.

    Raises
    ------
    PresentationError
        If there is none, or there are more than can be told apart.
    """
    _require(reports)
    faces = list(dict.fromkeys(row.name for report in reports.values() for row in report.planes))
    height = _AROUND + len(faces) * (_BETWEEN + _PLAN_ROW * len(reports))
    figure, axes = blank(_WIDTH, height)
    axes.axvline(0, color="black", lw=1.6)
    said = [words for place, face in enumerate(faces) for words in _face(axes, reports, face, place)]
    for (name, _), style in zip(reports.items(), SERIES, strict=False):
        axes.errorbar([], [], xerr=[], label=f" {lettered(name, _LONGEST)}", capsize=3, **style)
    axes.set(ylim=(len(faces) - 0.5, -0.5), yticks=range(len(faces)), xlabel="least margin, mm (bar: 95 % interval)")
    axes.set_yticklabels([lettered(face, _LONGEST) for face in faces], parse_math=False)
    axes.grid(axis="x", color=PALE, lw=0.6)
    axes.set_axisbelow(True)
    key(axes, ncols=3, fontsize=9)
    plain(axes, letters=9.5)
    return image(figure, "Least margin at each face, mm, with its 95 % interval", f"Ruler in mm. {'; '.join(said)}")


def _face(axes: Axes, reports: Mapping[str, MarginReport], face: str, place: int) -> list[str]:
    said = []
    step = 0.8 / len(reports)
    for number, (name, report) in enumerate(reports.items()):
        row = next((each for each in report.planes if each.name == face), None)
        if row is None:
            continue
        low, high = row.interval_mm
        y = place + (number - (len(reports) - 1) / 2) * step
        arms = [[max(row.margin_mm - low, 0.0)], [max(high - row.margin_mm, 0.0)]]
        bar = axes.errorbar([row.margin_mm], [y], xerr=arms, capsize=3.5, ms=7, lw=1.8, **SERIES[number])
        bar[2][0].set_linestyle(SERIES[number]["linestyle"])
        words = f"{row.margin_mm:.1f} ({low:.1f} to {high:.1f})".replace("-", "−")
        right = axes.get_yaxis_transform()
        axes.annotate(words, (1.01, y), xycoords=right, fontsize=9, va="center", color=SERIES[number]["color"])
        said.append(legible(f"{face}, {name}: {words} mm"))
    return said


def margin_share_figure(reports: Mapping[str, MarginReport]) -> KeyImage:
    """Draw how much of the tumour's surface lies in each band of margin, plan by plan.

    Parameters
    ----------
    reports : mapping of str to MarginReport
        By the plans' names, up to six.

    Raises
    ------
    PresentationError
        If there is none, or there are more than can be told apart.

    Notes
    -----
    Shares are of the surface as it is outlined: margins are taken as measured, without their error.
    """
    _require(reports)
    figure, axes = blank(_WIDTH, 1.3 + 0.6 * len(reports))
    said = [_shares(axes, report, place, name) for place, (name, report) in enumerate(reports.items())]
    for (_, words, colour, _), hatch in zip(BANDS, _HATCHES, strict=True):
        axes.bar(0, 0, color=colour, hatch=hatch, edgecolor=GREY, label=words)
    axes.set(ylim=(len(reports) - 0.4, -0.7), yticks=range(len(reports)), xlim=(0, 100))
    axes.set_xlabel("% of the tumour's surface; margins as measured, without their error")
    axes.set_yticklabels([lettered(name, _LONGEST) for name in reports], parse_math=False)
    key(axes, ncols=5, fontsize=8.5)
    plain(axes, letters=9.5)
    return image(figure, "Tumour surface by distance to the nearest cut", f"Shares of the surface. {'; '.join(said)}")


def shares_by_band(report: MarginReport) -> list[float]:
    """Share (0 to 1) of the tumour's surface in each of `skin.BANDS`, by area."""
    areas = np.bincount(bands_of(report.point_margins_mm), report.point_areas_mm2, minlength=len(BANDS))
    return [float(area) for area in areas / areas.sum()]


def _shares(axes: Axes, report: MarginReport, place: int, name: str) -> str:
    left, said = 0.0, []
    for share, (_, words, colour, _), hatch in zip(shares_by_band(report), BANDS, _HATCHES, strict=True):
        axes.barh(place, 100 * share, left=100 * left, height=0.5, color=colour, hatch=hatch, edgecolor=GREY, lw=0.8)
        text = f"{100 * share:.0f} %"
        if share >= _FEW:
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
            axes.text(100 * (left + share / 2), place, text, fontsize=9, ha="center", va="center", bbox=box)
        elif share:
            axes.text(100 * (left + share / 2), place - 0.28, text, fontsize=8, ha="center", va="bottom")
        left += share
        said.append(f"{words} {text}")
    return legible(f"{name}: {', '.join(said)}")


def _require(reports: Mapping[str, MarginReport]) -> None:
    if not 1 <= len(reports) <= len(SERIES):
        raise PresentationError(f"a figure compares 1 to {len(SERIES)} plans, found {len(reports)}")

import io
from datetime import date

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from sarcoma_review.errors import PresentationError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.planning.margins import MarginReport
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.plan_figure import margin_share_figure, plan_figure, shares_by_band
from sarcoma_review.present.skin import BANDS
from sarcoma_review.present.time_line import Moment, on_day, time_line_figure
from sarcoma_review.volume import Volume

from .deck_pages import HOSTILE

DIAGNOSIS = date(2026, 1, 5)


def pixels(image: KeyImage) -> NDArray[np.float64]:
    picture: NDArray[np.float64] = imread(io.BytesIO(image.png))[..., :3]
    return picture


def ball_report(reach_mm: float, *, saw_mm: float = 0.0) -> MarginReport:
    """A ball of 12 mm radius about (20, 20, 20) mm, cut across at a distance from its centre."""
    z, y, x = np.mgrid[-20:21, -20:21, -20:21]
    surface = TumourSurface.from_mask(Volume(x**2 + y**2 + z**2 <= 12.0**2, np.eye(4)))
    plan = ResectionPlan([Plane((20, 20, 20 + reach_mm), (0, 0, 1), name="proximal")])
    return resection_margins(surface, plan, uncertainty=Uncertainty(execution_sd_mm=saw_mm))


def test_a_date_known_to_the_month_is_as_wide_as_the_month() -> None:
    known = on_day("relapse", date(2026, 2, 1), diagnosis=DIAGNOSIS, precision="month")
    assert known.weeks == pytest.approx((27 / 7, 54 / 7))  # 1 and 28 February, 27 and 54 days after 5 January
    assert known.coarse
    year = on_day("first pain", date(2025, 6, 30), diagnosis=DIAGNOSIS, precision="year")
    assert year.weeks == pytest.approx((-369 / 7, -5 / 7))
    day = on_day("biopsy", DIAGNOSIS, diagnosis=DIAGNOSIS)
    assert day.weeks == pytest.approx((0, 0))
    assert not day.coarse


def test_the_words_of_a_time_line_name_weeks_and_no_day() -> None:
    moments = [
        Moment("resection", (14, 14), "treatment"),
        Moment("chemotherapy", (2, 12), "treatment"),
        on_day("pain", date(2025, 11, 1), diagnosis=DIAGNOSIS, precision="month"),
    ]
    image = time_line_figure(moments)
    pain, chemotherapy, resection = image.alt.removeprefix("Time line. ").split("; ")
    assert pain == "between week −9 and −5, pain (event)"
    assert chemotherapy == "weeks +2 to +12, chemotherapy (treatment)"
    assert resection == "week +14, resection (treatment)"
    assert "2025" not in image.alt


def test_a_span_is_drawn_as_wide_as_it_lasted() -> None:
    """Two bars of 10 and 20 weeks: green pixels in a row, one twice as many as the other."""
    image = time_line_figure([Moment("", (0, 10), "treatment"), Moment("", (5, 25), "treatment")])
    green = (np.abs(pixels(image) - np.array([0, 0x9E, 0x73]) / 255) < 0.02).all(axis=-1)
    wide = green.sum(axis=1)
    long = [
        int(wide[rows].max())
        for rows in np.split(np.arange(len(wide)), np.flatnonzero(wide == 0))
        if wide[rows].any()
    ]
    bars = [each for each in long if each > 100]
    assert len(bars) == 2
    assert bars[1] / bars[0] == pytest.approx(2.0, rel=0.02)


def test_a_time_line_of_many_years_is_read_in_years() -> None:
    weeks = time_line_figure([Moment("seen", (100, 100))])
    years = time_line_figure([Moment("seen", (520, 520))])
    assert "week +520" in years.alt
    assert weeks.png != years.png


def test_what_no_time_line_can_show_is_refused() -> None:
    with pytest.raises(PresentationError, match="1 to 24 moments, found 0"):
        time_line_figure([])
    with pytest.raises(PresentationError, match="1 to 24 moments, found 25"):
        time_line_figure([Moment("seen", (0, 0))] * 25)
    with pytest.raises(PresentationError, match="ends in week 2, before it begins in week 5"):
        time_line_figure([Moment("seen", (5, 2))])


def test_the_plan_figure_says_each_margin_with_its_interval() -> None:
    image = plan_figure({"A": ball_report(22), "B": ball_report(15, saw_mm=2.0)})
    assert "proximal, A: 10.0 (" in image.alt  # 22 - 12 mm
    low, high = ball_report(15, saw_mm=2.0).interval_mm
    assert f"proximal, B: 3.0 ({low:.1f} to {high:.1f})".replace("-", "−") in image.alt
    assert high - low == pytest.approx(2 * 1.96 * 2.0, abs=0.1)


def test_shares_of_a_ball_are_those_of_its_zones() -> None:
    """By Archimedes a zone's share of a sphere's surface is its height over the diameter."""
    shares = shares_by_band(ball_report(15.5))  # margins from 3.5 mm at the top to 27.5 mm at the bottom
    expected = [0, 0, 1.5 / 24, 5 / 24, 17.5 / 24]
    assert shares == pytest.approx(expected, abs=0.015)
    assert sum(shares) == pytest.approx(1)
    image = margin_share_figure({"A": ball_report(15.5)})
    assert f"{BANDS[4][1]} {100 * shares[4]:.0f} %" in image.alt


def test_a_plane_that_cuts_is_a_share_of_its_own() -> None:
    shares = shares_by_band(ball_report(6.5))
    assert shares[0] == pytest.approx(5.5 / 24, abs=0.015)


def test_figures_compare_no_more_plans_than_can_be_told_apart() -> None:
    with pytest.raises(PresentationError, match="1 to 6 plans, found 7"):
        plan_figure({str(number): ball_report(20) for number in range(7)})
    with pytest.raises(PresentationError, match="1 to 6 plans, found 0"):
        margin_share_figure({})


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_that_means_harm_is_only_drawn(text: str) -> None:
    assert time_line_figure([Moment(text, (0, 3))]).png
    report = ball_report(20)
    for image in (plan_figure({text: report}), margin_share_figure({text: report})):
        assert pixels(image).shape[1] == 9 * 150


def test_the_same_figure_has_the_same_bytes() -> None:
    moments = [Moment("biopsy", (0, 0)), Moment("MRI", (3, 3), "imaging")]
    assert time_line_figure(moments).png == time_line_figure(moments).png
    assert b"Software" not in time_line_figure(moments).png

"""Plans of more than planes: a margin all round, spared zones, structures, and what is recorded beside."""

import numpy as np
import pytest

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import (
    MarginAssessment,
    Plane,
    ResectionPlan,
    TumourSurface,
    Uncertainty,
    bone_resected,
    resection_margins,
)
from sarcoma_review.planning.spared import measure_spared
from sarcoma_review.volume import Segment, Volume
from tests.planning.shapes import Ball, mask

FINE = (0.8, 0.8, 0.8)
BALL = TumourSurface.from_mask(mask(Ball(np.zeros(3), 12.0), np.random.default_rng(2), FINE, 18.0))
NERVE = Segment("nerve", mask(Ball(np.array([20.0, 0, 0]), 5.0), np.random.default_rng(3), FINE, 28.0))
FAR = Plane((0, 0, 40), (0, 0, 1), name="proximal")


def ball_ml(radius_mm: float) -> float:
    return 4 / 3 * np.pi * radius_mm**3 / 1000


def test_a_margin_all_round_is_that_margin_everywhere() -> None:
    report = resection_margins(BALL, ResectionPlan(expansion_mm=10.0))
    assert report.minimum_mm == 10.0
    assert (report.distances_mm == 10.0).all()
    assert report.specimen_volume_ml == pytest.approx(ball_ml(22.0), rel=0.01)
    assert report.breach_volume_ml == pytest.approx(0.0, abs=1e-3)


def test_a_margin_of_its_own_to_each_side_is_found_on_that_side() -> None:
    asked = dict(zip("RLAPIS", (4.0, 8.0, 5.0, 12.0, 6.0, 15.0), strict=True))
    report = resection_margins(BALL, ResectionPlan(expansion_mm=tuple(asked.values())))  # type: ignore[arg-type]
    assert report.minimum_mm == 4.0
    # The least over a whole side lies where it meets its narrowest neighbour, never below the least of all.
    assert all(4.0 <= mm <= asked[side] + 0.3 for side, mm in report.per_direction.items())
    ends = {side: int(np.argmax(BALL.vertices @ (axis * sign))) for side, axis, sign in (
        ("L", np.array([1, 0, 0]), 1), ("R", np.array([1, 0, 0]), -1), ("S", np.array([0, 0, 1]), 1))}  # fmt: skip
    assert report.distances_mm[ends["R"]] == pytest.approx(4.0, abs=0.3)
    assert 8.0 < report.distances_mm[ends["S"]] < 15.3


def test_a_plane_nearer_than_the_expansion_bounds_the_specimen() -> None:
    near = Plane((0, 0, 15), (0, 0, 1), name="proximal")
    report = resection_margins(BALL, ResectionPlan([near], expansion_mm=10.0))
    assert report.per_plane["proximal"] == pytest.approx(3.0, abs=0.05)
    assert report.closest.name == "proximal"
    cap = np.pi * 7.0**2 * (3 * 22.0 - 7.0) / 3 / 1000
    assert report.specimen_volume_ml == pytest.approx(ball_ml(22.0) - cap, rel=0.01)


def test_a_spared_zone_is_a_margin_of_its_own() -> None:
    report = resection_margins(BALL, ResectionPlan([FAR], spared=[NERVE]))
    assert report.per_plane["nerve"] == pytest.approx(20.0 - 12.0 - 5.0, abs=0.15)
    assert report.minimum_position_mm == pytest.approx([12.0, 0, 0], abs=1.0)
    assert report.breach_volume_ml == pytest.approx(0.0, abs=1e-3)


def test_a_spared_nerve_thinner_than_the_smoothing_is_not_lost() -> None:
    thin = np.zeros((60, 60, 60), bool)
    thin[:, 30, 55] = True  # a line of single voxels along z, 25 mm from the ball's middle
    affine = np.array([[0, 0, 1, -30.0], [0, 1, 0, -30.0], [1, 0, 0, -30.0], [0, 0, 0, 1]])
    report = resection_margins(BALL, ResectionPlan([FAR], spared=[Segment("nerve", Volume(thin, affine))]))
    half_diagonal = np.sqrt(3) / 2
    assert 25.0 - 12.0 - half_diagonal <= report.per_plane["nerve"] <= 25.0 - 12.0 + 0.1
    assert report.minimum_mm == report.per_plane["nerve"]


def test_a_margin_without_a_fit_is_less_sure_than_two_edges_anywhere_in_their_voxels() -> None:
    entered = mask(Ball(np.array([16.0, 0, 0]), 8.0), np.random.default_rng(4), FINE, 30.0)
    assert measure_spared(BALL, entered).sd_mm > 1.2 * np.sqrt(2) * 0.8 / np.sqrt(12)


def test_tumour_in_a_spared_zone_is_left_behind() -> None:
    zone = Segment("cord", mask(Ball(np.array([16.0, 0, 0]), 8.0), np.random.default_rng(4), FINE, 30.0))
    report = resection_margins(BALL, ResectionPlan([FAR], spared=[zone]))
    assert report.per_plane["cord"] == pytest.approx(16.0 - 12.0 - 8.0, abs=0.15)
    d, big, small = 16.0, 12.0, 8.0
    lens = np.pi * (big + small - d) ** 2
    lens *= d**2 + 2 * d * (big + small) - 3 * (big - small) ** 2
    assert report.breach_volume_ml == pytest.approx(lens / (12 * d) / 1000, rel=0.04)
    assert any("'cord'" in finding and "into the tumour" in finding for finding in report.findings)


def test_structures_and_bone_come_with_the_report_and_their_intervals() -> None:
    known = Uncertainty(segmentation_sd_mm=1.0, execution_sd_mm=2.0)
    cut = Plane((0, 0, 30), (0, 0, 1), name="proximal")
    report = resection_margins(BALL, ResectionPlan([cut]), structures={"nerve": NERVE}, bone=NERVE, uncertainty=known)
    nerve = report.structures[0]
    assert nerve.name == "nerve"
    assert nerve.tumour_distance_mm == pytest.approx(3.0, abs=0.2)
    assert nerve.plane_distances_mm["proximal"] == pytest.approx(-25.0, abs=0.2)
    low, high = nerve.tumour_interval_mm
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2 * 1.0**2 + 2 * 0.8**2 / 12), rel=0.01)
    assert nerve.plane_interval_mm is not None
    assert nerve.plane_interval_mm[1] == pytest.approx(25.0 + 1.96 * np.sqrt(5.0 + 0.8**2 / 12), abs=0.25)
    assert report.bone is not None
    assert report.bone.resected_ml == pytest.approx(ball_ml(5.0), rel=0.03)


def test_without_planes_a_structure_has_no_distance_to_one() -> None:
    report = resection_margins(BALL, ResectionPlan(expansion_mm=4.0), structures={"nerve": NERVE})
    nerve = report.structures[0]
    assert nerve.plane_distance_mm is None
    assert nerve.plane_interval_mm is None
    assert nerve.fate == "cut"
    assert 0 < nerve.removed_percent < 50


def test_bone_in_an_expansion_needs_the_tumour() -> None:
    with pytest.raises(PlanError, match="only with its tumour"):
        bone_resected(NERVE, ResectionPlan(expansion_mm=4.0))


def test_what_nobody_recorded_is_said_to_be_not_recorded() -> None:
    words = MarginAssessment("operation").words
    assert words == ("Enneking not recorded", "R not recorded", "barrier not recorded")


def test_imaging_cannot_say_r0() -> None:
    with pytest.raises(PlanError, match="R0 is told by histology alone; the basis given is imaging"):
        MarginAssessment("imaging", residual="R0")
    assert MarginAssessment("imaging", residual="RX").residual == "RX"


def test_a_margin_that_is_none_of_ennekings_is_refused() -> None:
    with pytest.raises(PlanError, match="one of intralesional, marginal, wide, radical; got 'clear'"):
        MarginAssessment("operation", enneking="clear")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cut_mm", "enneking", "words"),
    [
        (10.0, "wide", "recorded as wide by operation, yet a cut passes 2.0 mm into the outlined tumour"),
        (30.0, "intralesional", "recorded as intralesional by operation, yet the whole interval lies outside"),
    ],
)
def test_a_record_that_the_distance_contradicts_is_a_finding_and_stays(
    cut_mm: float, enneking: str, words: str
) -> None:
    report = resection_margins(BALL, ResectionPlan([Plane((0, 0, cut_mm), (0, 0, 1), name="proximal")]))
    seen = report.with_assessment(MarginAssessment("operation", enneking=enneking))  # type: ignore[arg-type]
    assert words in seen.findings[-1]
    assert seen.assessment is not None
    assert seen.assessment.enneking == enneking
    assert seen.minimum_mm == report.minimum_mm


def test_a_distance_alone_settles_neither_enneking_nor_r() -> None:
    report = resection_margins(BALL, ResectionPlan([FAR]))
    assert report.assessment is None
    agreed = report.with_assessment(MarginAssessment("histology", enneking="wide", residual="R0"))
    assert agreed.findings == report.findings

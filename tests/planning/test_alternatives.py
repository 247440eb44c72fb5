import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import EmptyMaskError, PlanError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.planning.alternatives import bone_resected, compare_plans, structure_distance
from sarcoma_review.volume import Segment, Volume
from tests.planning.shapes import Array, Ball, directions, mask

ISO = (0.8, 0.8, 0.8)
THICK = (3.0, 0.8, 0.8)
RADIUS, HALF = 13.0, 32.0
SECTION_ML_PER_MM = np.pi * RADIUS**2 / 1000.0


class Shaft:
    """A cylinder round the z axis, 64 mm long."""

    def __call__(self, at: Array) -> Array:
        radial = np.hypot(at[..., 0], at[..., 1]) - RADIUS
        level: Array = np.maximum(radial, np.abs(at[..., 2]) - HALF)
        return level


def shaft(seed: int, spacing: tuple[float, float, float] = ISO) -> Volume:
    return mask(Shaft(), np.random.default_rng(seed), spacing, 36)


def ball(centre: tuple[float, float, float], radius: float, seed: int = 0) -> Volume:
    return mask(Ball(np.array(centre), radius), np.random.default_rng(seed), ISO, 30)


def plan(
    *planes: tuple[tuple[float, float, float], tuple[float, float, float]], kerf_mm: float = 0.0
) -> ResectionPlan:
    return ResectionPlan(
        [Plane(point, normal, name=f"cut {n}", kerf_mm=kerf_mm) for n, (point, normal) in enumerate(planes, 1)]
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spacing", [ISO, THICK])
@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (0.3, -0.2, 1.0), (0.8, 0.0, 1.0)])
def test_a_cylinder_is_split_as_in_closed_form(
    seed: int, spacing: tuple[float, float, float], normal: tuple[float, float, float]
) -> None:
    found = bone_resected(shaft(seed, spacing), plan(((0, 0, 4.3), normal)))  # the plane meets the axis at z = 4.3
    assert found.resected_ml == pytest.approx(SECTION_ML_PER_MM * (HALF + 4.3), rel=0.005)
    assert found.kept_ml == pytest.approx(SECTION_ML_PER_MM * (HALF - 4.3), rel=0.005)
    assert found.length_resected_mm == pytest.approx(HALF + 4.3, abs=found.length_error_mm)
    assert found.length_kept_mm == pytest.approx(HALF - 4.3, abs=found.length_error_mm)
    assert found.axis == pytest.approx([0, 0, 1], abs=0.01)


def test_the_saw_s_dust_is_neither_resected_nor_kept() -> None:
    bone = shaft(1)
    without, found = (bone_resected(bone, plan(((0, 0, 5), (0.4, 0, 1)), kerf_mm=kerf)) for kerf in (0.0, 1.5))
    assert found.resected_ml == without.resected_ml
    assert found.sawn_ml == pytest.approx(SECTION_ML_PER_MM * 1.5 * np.hypot(0.4, 1), rel=0.02)
    assert found.resected_ml + found.sawn_ml + found.kept_ml == pytest.approx(without.resected_ml + without.kept_ml)


def test_a_cut_moved_by_a_tenth_of_a_voxel_takes_as_much_more_bone() -> None:
    bone = Volume(np.ones((30, 10, 10), bool), np.diag([3.0, 1.0, 1.0, 1.0]))
    near, far = (bone_resected(bone, plan(((at, 0, 0), (1, 0, 0)))) for at in (40.0, 40.3))
    assert far.resected_ml - near.resected_ml == pytest.approx(0.03)
    assert far.length_resected_mm - near.length_resected_mm == pytest.approx(0.3)


def test_a_fractional_mask_counts_by_its_fractions() -> None:
    bone = Volume(np.full((30, 10, 10), 0.25), np.diag([1.0, 1.0, 1.0, 1.0]))
    found = bone_resected(bone, plan(((9.5, 0, 0), (1, 0, 0))))
    assert (found.resected_ml, found.length_resected_mm) == pytest.approx((0.25, 10.0))


def test_two_planes_take_only_what_lies_behind_both() -> None:
    found = bone_resected(shaft(2), plan(((0, 0, 10), (0, 0, 1)), ((0, 0, 0), (1, 0, 0))))
    assert found.resected_ml == pytest.approx(SECTION_ML_PER_MM * (HALF + 10) / 2, rel=0.005)
    assert found.length_resected_mm == pytest.approx((HALF + 10) / 2, abs=found.length_error_mm)


def test_a_gap_between_two_pieces_of_bone_has_no_length() -> None:
    array = np.zeros((50, 4, 4), bool)
    array[5:15] = array[30:45] = True
    found = bone_resected(Volume(array, np.eye(4)), plan(((20, 0, 0), (1, 0, 0))))
    assert (found.length_resected_mm, found.length_kept_mm) == pytest.approx((10, 15))


def test_a_bone_that_the_image_cuts_is_named() -> None:
    array = np.zeros((20, 8, 8), bool)
    array[:15, 2:6, 2:6] = True
    found = bone_resected(Volume(array, np.eye(4)), plan(((9, 0, 0), (1, 0, 0))))
    assert found.findings == ("bone reaches the first slice: the bone kept is that within the image",)


def test_a_bone_without_voxels_is_refused() -> None:
    empty = Volume(np.zeros((4, 4, 4), bool), np.eye(4))
    with pytest.raises(EmptyMaskError, match="the bone has no voxels: expected at least one, found 0"):
        bone_resected(empty, plan(((0, 0, 0), (1, 0, 0))))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_moving_and_turning_everything_takes_the_same_bone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bone = Volume(rng.random((24, 9, 11)) < 0.7, np.diag([2.0, 0.9, 0.8, 1.0]))
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = Rotation.random(rng=rng).as_matrix(), rng.uniform(-300, 300, 3)
    point, normal = rng.uniform((10, 0, 0), (40, 8, 8)), directions(rng, 1)[0]
    here = bone_resected(bone, ResectionPlan([Plane(point, normal)]))
    turned = Plane(motion[:3, :3] @ point + motion[:3, 3], motion[:3, :3] @ normal)
    there = bone_resected(Volume(bone.array, motion @ bone.affine), ResectionPlan([turned]))
    assert (there.resected_ml, there.kept_ml) == pytest.approx((here.resected_ml, here.kept_ml), abs=1e-6)
    assert there.length_kept_mm == pytest.approx(here.length_kept_mm, abs=0.1)


TUMOUR = TumourSurface.from_mask(ball((0, 0, -8), 9.0, seed=3))


def test_a_structure_beyond_the_plane_is_kept_at_the_distance_of_the_closed_form() -> None:
    nerve = Segment("nerve", ball((4, 3, 15), 5.0))
    found = structure_distance(nerve, TUMOUR, plan(((0, 0, 6), (0, 0, 1))))
    assert found.fate == "kept"
    assert found.tumour_distance_mm == pytest.approx(np.sqrt(16 + 9 + 23**2) - 14, abs=0.2)
    assert found.plane_distance_mm == pytest.approx(15 - 5 - 6, abs=0.15)
    assert (found.removed_ml, found.crossed_by) == (0, ())


def test_a_structure_that_a_plane_halves_is_cut() -> None:
    found = structure_distance(Segment("nerve", ball((4, 3, 15), 5.0)), TUMOUR, plan(((4, 3, 15), (0.5, 0.1, 1))))
    assert (found.fate, found.crossed_by, found.plane_distance_mm) == ("cut", ("cut 1",), 0)
    assert found.removed_percent == pytest.approx(50, abs=1)
    assert found.removed_ml == pytest.approx(2 / 3 * np.pi * 0.125, rel=0.03)


def test_a_structure_behind_every_plane_is_removed() -> None:
    found = structure_distance(Segment("nerve", ball((4, 3, 15), 5.0)), TUMOUR, plan(((0, 0, 23), (0, 0, 1))))
    assert found.fate == "removed"
    assert found.removed_percent == pytest.approx(100)
    assert found.plane_distances_mm["cut 1"] == pytest.approx(-3, abs=0.15)


def test_a_structure_that_the_kerf_alone_touches_is_cut() -> None:
    cut = plan(((0, 0, 8.5), (0, 0, 1)), kerf_mm=2.5)
    assert structure_distance(Segment("nerve", ball((4, 3, 15), 5.0)), TUMOUR, cut).fate == "cut"


def test_a_plane_may_cross_a_structure_that_another_plane_keeps() -> None:
    cuts = plan(((0, 0, 6), (0, 0, 1)), ((4, 0, 0), (1, 0, 0)))
    found = structure_distance(Segment("nerve", ball((4, 3, 15), 5.0)), TUMOUR, cuts)
    assert (found.fate, found.crossed_by, found.plane_distance_mm) == ("kept", ("cut 2",), 0)


def test_a_wedge_that_enters_a_structure_between_its_surfaces_cuts_it() -> None:
    muscle = Segment("muscle", ball((0, 0, 0), 20.0))
    box = plan(*[((0.0, 0.0, 0.0), (x, y, z)) for x, y, z in ((1, 0, 0.3), (-1, 0, 0.3), (0, 1, 0.3), (0, -1, 0.3))])
    closed = ResectionPlan([*box.planes, Plane((0, 0, -9), (0, 0, -1), name="floor")])
    assert structure_distance(muscle, TUMOUR, closed).fate == "cut"


@pytest.mark.parametrize("radius", [4.0, 9.0, 20.0])
def test_a_structure_within_across_or_round_the_tumour_has_no_distance(radius: float) -> None:
    found = structure_distance(Segment("vessel", ball((3, 0, -8), radius)), TUMOUR, plan(((0, 0, 6), (0, 0, 1))))
    assert found.tumour_distance_mm == 0


def test_a_structure_that_winds_round_the_tumour_keeps_its_distance() -> None:
    def ring(at: Array) -> Array:
        level: Array = np.hypot(np.hypot(at[..., 0], at[..., 1]) - 16.0, at[..., 2] + 8.0) - 3.0
        return level

    vessel = Segment("vessel", mask(ring, np.random.default_rng(5), ISO, 30))
    found = structure_distance(vessel, TUMOUR, plan(((0, 0, 6), (0, 0, 1))))
    assert found.tumour_distance_mm == pytest.approx(16 - 3 - 9, abs=0.2)


def test_a_structure_too_thin_for_a_surface_still_counts() -> None:
    speck = np.zeros((9, 9, 9), bool)
    speck[4, 4, 4] = True
    affine = np.eye(4)
    affine[:3, 3] = (-4, -4, 11)  # the speck at (0, 0, 15), half a mm each way
    found = structure_distance(Segment("nerve", Volume(speck, affine)), TUMOUR, plan(((0, 0, 6), (0, 0, 1))))
    assert found.tumour_distance_mm == pytest.approx(15 - 0.5 - 1, abs=0.2)
    assert found.fate == "kept"
    assert found.plane_distance_mm == pytest.approx(8.5)


def test_a_structure_without_voxels_is_refused() -> None:
    empty = Segment("nerve", Volume(np.zeros((4, 4, 4), bool), np.eye(4)))
    with pytest.raises(EmptyMaskError, match="no voxels"):
        structure_distance(empty, TUMOUR, plan(((0, 0, 6), (0, 0, 1))))


TWO = {
    "wide": plan(((0, 0, 12), (0, 0, 1)), ((0, 16, 0), (0, 1, 0)), kerf_mm=1.0),
    "near": plan(((0, 0, 4), (0, 0, 1)), kerf_mm=1.0),
}


def test_plans_stand_side_by_side_in_the_order_given() -> None:
    structures = {"nerve": ball((4, 3, 15), 5.0), "artery": ball((16, 0, 0), 3.0)}
    rows = compare_plans(TUMOUR, TWO, bone=shaft(1), structures=structures).rows()
    assert {tuple(row) for row in rows} == {("quantity", "unit", "wide", "near")}
    names = [f"{row['quantity']} [{row['unit']}]" for row in rows]
    assert len(set(names)) == len(names) == 6 + 6 + 6 + 10
    assert [n for n in names if n.startswith("margin")][::3] == ["margin to cut 1 [mm]", "margin to cut 2 [mm]"]
    assert names.index("bone kept [ml]") < names.index("nerve []") < names.index("artery []")


def test_every_figure_is_that_of_the_measurement_of_one_plan() -> None:
    error = Uncertainty(execution_sd_mm=2.0)
    nerve, bone = ball((4, 3, 15), 5.0), shaft(1)
    comparison = compare_plans(TUMOUR, TWO, bone=bone, structures={"nerve": nerve}, uncertainty=error)
    by_name = {(row["quantity"], row["unit"]): (row["wide"], row["near"]) for row in comparison.rows()}
    reports = [resection_margins(TUMOUR, each, uncertainty=error) for each in TWO.values()]
    assert by_name["least margin", "mm"] == tuple(report.minimum_mm for report in reports)
    limit = "probability that the least margin is below 5 mm"
    assert by_name[limit, ""] == tuple(report.probability_below(5.0) for report in reports)
    assert by_name["margin to cut 2", "mm"] == (reports[0].per_plane["cut 2"], None)
    assert by_name["bone kept", "ml"] == tuple(bone_resected(bone, each).kept_ml for each in TWO.values())
    assert by_name["nerve", ""] == ("cut", "kept")
    untold = ("the interval takes the outline as exact: its error was not told",)
    assert comparison.findings == dict.fromkeys(TWO, untold)


def test_a_comparison_reads_the_same_each_time_and_gives_no_advice() -> None:
    first, second = (compare_plans(TUMOUR, TWO, bone=shaft(1), structures={"nerve": shaft(1)}) for _ in range(2))
    assert repr(first) == repr(second)
    assert first.rows() == second.rows()
    text = (repr(first) + str(first.rows())).lower()
    assert not [word for word in ("safe", "compliant", "recommend", "best", "rank", "score", "total") if word in text]


@pytest.mark.parametrize(
    ("plans", "message"),
    [({}, "at least one plan, got none"), ({"unit": TWO["near"]}, "cannot be called 'unit'")],
)
def test_a_comparison_that_cannot_be_tabled_is_refused(plans: dict[str, ResectionPlan], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        compare_plans(TUMOUR, plans)


def test_margins_alone_can_be_compared() -> None:
    comparison = compare_plans(TUMOUR, TWO)
    rows = comparison.rows()
    assert len(rows) == 6 + 6
    assert {"near": resection_margins(TUMOUR, TWO["near"]).findings}.items() <= comparison.findings.items()
    assert not [row for row in rows if "bone" in str(row["quantity"])]

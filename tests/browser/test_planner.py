"""The margin planner in a real notebook: planes dragged, tilted, typed, undone, and the numbers that follow.

The tumour is a ball of 10 mm round (0, 0, 0) in voxels of 1 mm; the plane faces it 15 mm away, so 5 mm are left.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PICTURES, Notebook

pytestmark = pytest.mark.browser

SETTING_UP = """
import numpy as np
from sarcoma_review.planning import Plane, ResectionPlan, Uncertainty
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import MarginPlanner
index = np.stack(np.meshgrid(*[np.arange(61)] * 3, indexing="ij"), -1)
affine = np.array([[0, 0, 1, -30.0], [0, 1, 0, -30.0], [1, 0, 0, -30.0], [0, 0, 0, 1]])
away = np.linalg.norm((index - 30.0), axis=-1)
ct = Volume(np.where(away < 10, 60, -20).astype(np.int16), affine, modality="CT", units="HU")
mask = lambda inside: Volume(inside, affine)
along = np.linalg.norm((index - 30.0)[..., 1:] + 0.0, axis=-1)
start = ResectionPlan([Plane((0, 0, 15), (0, 0, 1), name="proximal"), Plane((0, 18, 0), (0, 1, 0), name="posterior")])
planner = MarginPlanner(
    ct, Segment("tumour", mask(away < 10)), start, bone=Segment("bone", mask(along < 14)),
    structures={"nerve": Segment("nerve", mask(np.linalg.norm(index - [30, 30, 48], axis=-1) < 3))},
    uncertainty=Uncertainty(segmentation_sd_mm=1.0, execution_sd_mm=2.0), window=(-100, 200),
)
"""


@pytest.fixture(scope="module")
def notebook(open_written: Callable[..., Notebook]) -> Notebook:
    return open_written("planner.ipynb", SETTING_UP, "planner")


@pytest.fixture(autouse=True)
def at_first(notebook: Notebook) -> None:
    """Every test starts from the plan as it was, the crosshair in the tumour's middle, the planes in hand."""
    notebook.execute("planner._take(type(planner._book)({'A': start}, 'A')); planner.crosshair_mm = (0, 0, 0)")
    notebook.page.locator("button[data-tool=planes]").click()
    shows(notebook, "proximal", 5.0)


def shows(notebook: Notebook, name: str, margin_mm: float) -> None:
    """Wait until the page gives a plane this margin; a ball of voxels is 0.07 mm smaller than it was drawn."""
    notebook.eventually(lambda: abs(float(margin_field(notebook, name).input_value()) - margin_mm) < 0.11, True)


def margin_field(notebook: Notebook, name: str) -> Any:
    return notebook.page.get_by_label(f"Margin of {name}, mm")


def headline(notebook: Notebook) -> str:
    return str(notebook.page.locator(".sr-least").inner_text())


def at(notebook: Notebook, view: str, right_mm: float, down_mm: float) -> tuple[float, float]:
    """Where a place so many mm from the middle of the volume lies on the page."""
    canvas = notebook.page.locator(f".sr-pane[data-view={view}] canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    scale = 0.94 * min(box["width"], box["height"]) / 61
    return box["x"] + box["width"] / 2 + right_mm * scale, box["y"] + box["height"] / 2 + down_mm * scale


def drag(notebook: Notebook, start: tuple[float, float], end: tuple[float, float]) -> None:
    mouse = notebook.page.mouse
    mouse.move(*start)
    mouse.down()
    for share in (0.25, 0.5, 0.75, 1.0):
        mouse.move(start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        notebook.page.wait_for_timeout(60)
    mouse.up()


def value(notebook: Notebook, expression: str) -> float:
    return float(notebook.python(f"float({expression})"))


def test_a_plane_dragged_by_its_square_moves_and_its_margin_with_it(notebook: Notebook) -> None:
    # On the coronal view head is up: the proximal plane crosses 15 mm above the middle.
    drag(notebook, at(notebook, "coronal", 0, -15), at(notebook, "coronal", 0, -18))
    notebook.eventually(lambda: abs(value(notebook, "planner.plan.planes[0].point_mm[2]") - 18) < 0.5, True)
    assert value(notebook, "planner.report.per_plane['proximal']") == pytest.approx(8.0, abs=0.5)
    shown = float(margin_field(notebook, "proximal").input_value())
    assert shown == pytest.approx(value(notebook, "planner.report.per_plane['proximal']"), abs=0.06)
    assert "proximal" not in headline(notebook).split(",")[0]


def test_a_plane_dragged_by_its_ring_tilts_about_its_square(notebook: Notebook) -> None:
    drag(notebook, at(notebook, "coronal", 26, -15), at(notebook, "coronal", 26, -21))
    notebook.eventually(lambda: abs(value(notebook, "planner.plan.planes[0].normal[0]")) > 0.1, True)
    tangent = value(notebook, "planner.plan.planes[0].normal[0] / planner.plan.planes[0].normal[2]")
    assert tangent == pytest.approx(-6 / 26, abs=0.03)
    assert value(notebook, "planner.plan.planes[0].point_mm[2]") == pytest.approx(15.0, abs=0.3)


def test_a_margin_that_is_typed_places_the_plane(notebook: Notebook) -> None:
    field = margin_field(notebook, "posterior")
    field.fill("3.5")
    field.press("Enter")
    notebook.eventually(lambda: abs(value(notebook, "planner.report.per_plane['posterior']") - 3.5) < 0.05, True)
    notebook.eventually(lambda: "3.5 mm" in headline(notebook) and "posterior" in headline(notebook), True)


def test_undo_and_redo_stand_in_the_page_and_live_in_python(notebook: Notebook) -> None:
    field = margin_field(notebook, "proximal")
    field.fill("9")
    field.press("Enter")
    notebook.eventually(lambda: abs(value(notebook, "planner.report.per_plane['proximal']") - 9) < 0.05, True)
    notebook.page.locator("[data-action=undo]").click()
    shows(notebook, "proximal", 5.0)
    notebook.page.locator("[data-action=redo]").click()
    shows(notebook, "proximal", 9.0)


def test_alternatives_are_copied_opened_and_kept(notebook: Notebook) -> None:
    notebook.page.locator("[data-action=copy]").click()
    notebook.eventually(lambda: notebook.page.locator("[data-plan=B]").count(), 1)
    field = margin_field(notebook, "proximal")
    field.fill("12")
    field.press("Enter")
    shows(notebook, "proximal", 12.0)
    notebook.page.locator("[data-plan=A]").click()
    shows(notebook, "proximal", 5.0)
    assert notebook.python("list(planner.plans)") == ["A", "B"]


def test_the_closest_point_is_one_click_away(notebook: Notebook) -> None:
    notebook.page.locator("[data-action=closest]").click()
    notebook.eventually(lambda: abs(value(notebook, "planner.crosshair_mm[2]") - 10.0) < 0.5, True)


def test_structures_and_bone_are_told_with_their_intervals(notebook: Notebook) -> None:
    words = str(notebook.page.locator(".sr-rest").inner_text())
    assert "nerve taken whole: 5." in words  # 18 - 10 - 3 = 5 mm apart
    assert "bone:" in words
    assert "chance that the least margin is below 0 mm" in words


def test_the_solid_turns_and_comes_back_to_a_standard_view(notebook: Notebook) -> None:
    canvas = notebook.page.locator(".sr-solid canvas")
    canvas.scroll_into_view_if_needed()
    notebook.page.wait_for_timeout(300)
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")
    box = canvas.bounding_box()
    assert box is not None
    middle = (box["x"] + 180, box["y"] + 180)
    drag(notebook, middle, (middle[0] + 70, middle[1] + 30))
    notebook.eventually(lambda: canvas.evaluate("(canvas) => canvas.toDataURL()") != before, True)
    notebook.page.locator(".sr-solid").screenshot(path=PICTURES / "planner_solid.png")
    notebook.page.locator("[data-stand=anterior]").click()
    notebook.eventually(lambda: canvas.evaluate("(canvas) => canvas.toDataURL()") == before, True)


def test_a_page_that_comes_late_shows_the_plan_as_it_is(notebook: Notebook) -> None:
    notebook.execute("planner.set_plane(Plane((0, 0, 21), (0, 0, 1), name='proximal'))")
    shows(notebook, "proximal", 11.0)
    notebook.page.locator(".sr-viewer").screenshot(path=PICTURES / "planner.png")

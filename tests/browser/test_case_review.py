"""The shipped notebook, opened and used in a real JupyterLab as a surgeon would."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PICTURES, Notebook

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_shipped: Callable[[str], Notebook]) -> Notebook:
    notebook = open_shipped("01_case_review.ipynb")
    notebook.run_all()
    notebook.page.wait_for_function("() => document.querySelector('.sr-viewer[data-state=ready]')", timeout=120_000)
    notebook.eventually(lambda: asked(notebook, "'case' in globals()"), True, seconds=120)
    return notebook


def asked(notebook: Notebook, expression: str) -> Any:
    return notebook.python(expression)


def pane(notebook: Notebook, view: str) -> Any:
    found = notebook.page.locator(f".sr-pane[data-view={view}] canvas").first
    found.scroll_into_view_if_needed()
    return found


def crosshair(notebook: Notebook) -> tuple[float, ...]:
    place: tuple[float, ...] = notebook.python("tuple(map(float, viewer.crosshair_mm))")
    return place


def test_the_notebook_runs_to_its_deck_and_shows_the_closest_point(notebook: Notebook) -> None:
    closest = notebook.python("tuple(map(float, report.minimum_position_mm))")
    assert crosshair(notebook) == pytest.approx(closest)
    assert (notebook.lab.folder / "case_review.html").stat().st_size > 100_000


def test_scrolling_the_axial_view_moves_one_slice_of_eight_tenths_of_a_millimetre(notebook: Notebook) -> None:
    notebook.execute("viewer.crosshair_mm = ct.position_mm((90, 100, 110))")
    before = crosshair(notebook)
    pane(notebook, "axial").hover()
    notebook.page.mouse.wheel(0, 120)
    notebook.eventually(lambda: round(abs(crosshair(notebook)[2] - before[2]), 3), 0.8)
    assert crosshair(notebook)[:2] == pytest.approx(before[:2])


def test_a_window_button_reaches_python(notebook: Notebook) -> None:
    notebook.page.locator(".sr-viewer").first.get_by_role("button", name="bone").click()
    notebook.eventually(lambda: notebook.python("viewer.preset"), "bone")
    assert notebook.python("tuple(viewer.window)") == (-650.0, 1350.0)
    notebook.page.locator(".sr-viewer").first.get_by_role("button", name="soft tissue").click()
    notebook.eventually(lambda: notebook.python("viewer.preset"), "soft tissue")


def test_a_click_moves_the_crosshair_by_the_millimetres_on_the_screen(notebook: Notebook) -> None:
    """Two clicks 100 screen pixels apart are as far apart in the patient, in mm, as the picture is wide."""
    box = pane(notebook, "axial").bounding_box()
    x, y = box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"]
    places = []
    for dx, dy in ((-50, -20), (50, -20), (50, 40)):
        notebook.page.mouse.click(x + dx, y + dy)
        notebook.page.wait_for_timeout(400)
        places.append(crosshair(notebook))
    across, down = math.dist(places[0], places[1]), math.dist(places[1], places[2])
    assert places[1][0] > places[0][0]  # to the right on the screen is to the patient's left
    assert places[2][1] > places[1][1]  # down is to the back
    assert across / 100 == pytest.approx(down / 60, rel=0.02)
    wide = 208 * 0.8  # the slice in mm fills at most the pane
    assert across / 100 >= wide / box["width"]


def test_the_page_is_looked_at(notebook: Notebook) -> None:
    notebook.execute("viewer.crosshair_mm = tuple(report.minimum_position_mm)")
    pane(notebook, "axial")
    notebook.page.wait_for_timeout(600)
    notebook.page.screenshot(path=PICTURES / "case_review.png")
    assert (PICTURES / "case_review.png").stat().st_size > 50_000


def test_no_request_left_this_machine_and_none_was_asked_for(notebook: Notebook) -> None:
    assert notebook.outside == []
    assert "news" not in notebook.page.locator("body").inner_text().lower()

"""The shipped notebook 02 in a real JupyterLab: its widgets stand, and the number follows the hand."""

import time
from collections.abc import Callable

import pytest

from tests.browser.conftest import PICTURES, Notebook

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_shipped: Callable[[str], Notebook]) -> Notebook:
    notebook = open_shipped("02_outline_and_margin.ipynb")
    notebook.run_all()
    notebook.page.wait_for_function(
        "() => document.querySelectorAll('.sr-viewer[data-state=ready]').length === 2", timeout=180_000
    )
    notebook.eventually(lambda: notebook.python("'both' in globals()"), True, seconds=180)
    return notebook


def test_outliner_and_planner_stand_with_the_numbers_that_python_holds(notebook: Notebook) -> None:
    planner = notebook.page.locator(".sr-viewer").nth(1)
    planner.scroll_into_view_if_needed()
    least = float(notebook.python("float(planner.report.minimum_mm)"))
    notebook.eventually(lambda: f"{least:.1f} mm" in str(planner.locator(".sr-least").inner_text()), True)
    planner.locator("button[data-tool=planes]").click()
    planner.locator("[data-action=closest]").click()
    notebook.page.wait_for_timeout(500)
    planner.screenshot(path=PICTURES / "notebook_02_planner.png")
    notebook.page.locator(".sr-viewer").nth(0).screenshot(path=PICTURES / "notebook_02_outliner.png")


WATCH = """() => {
  window.seen = [];
  const words = document.querySelectorAll('.sr-viewer')[1].querySelector('.sr-least');
  new MutationObserver(() => window.seen.push(words.textContent)).observe(words, {childList: true, subtree: true});
}"""


def test_the_number_follows_the_hand_while_it_drags(notebook: Notebook) -> None:
    planner = notebook.page.locator(".sr-viewer").nth(1)
    planner.locator("button[data-tool=planes]").click()
    notebook.execute("planner.crosshair_mm = tuple(planner.plan.planes[1].point_mm)")
    canvas = planner.locator(".sr-pane[data-view=axial] canvas")
    canvas.scroll_into_view_if_needed()
    notebook.page.wait_for_timeout(300)
    box = canvas.bounding_box()
    assert box is not None
    shape, index = notebook.python("ct.shape, tuple(map(float, ct.index(planner.plan.planes[1].point_mm)))")
    scale = 0.94 * min(box["width"] / shape[2], box["height"] / shape[1])
    x = box["x"] + box["width"] / 2 + (index[2] - (shape[2] - 1) / 2) * scale
    y = box["y"] + box["height"] / 2 + (index[1] - (shape[1] - 1) / 2) * scale
    notebook.page.evaluate(WATCH)
    mouse = notebook.page.mouse
    mouse.move(x, y)
    mouse.down()
    start = time.perf_counter()
    for step in range(60):
        mouse.move(x, y + 0.3 * step)
    seconds = time.perf_counter() - start
    mouse.up()
    seen = notebook.page.evaluate("() => window.seen")
    print(f"{len(set(seen))} numbers in {seconds:.1f} s of dragging")
    assert len(set(seen)) >= 5
    notebook.eventually(lambda: notebook.python("float(planner.report.per_plane['posterior'])") > 7.5, True)

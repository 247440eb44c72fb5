"""The viewer in a real JupyterLab page, judged by its pixels and by what Python reads back.

The phantom is stored the other way round from how each view shows it: coronal slices from back to front, rows from
feet to head, columns from left to right. It is soft tissue of 100 HU throughout, with one bright and one dark block.
"""

import base64
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.browser.conftest import Notebook

pytestmark = pytest.mark.browser

SLICES, ROWS, COLUMNS = 40, 60, 70
BRIGHT = ((8, 16), (10, 20), (50, 63))  # first and one past the last slice, row, column
DARK = ((26, 34), (38, 50), (8, 18))
SOFT_TISSUE_GREY = 166  # 100 HU in -160 to 240: 260 * 255 / 400, rounded
BONE_GREY = 96  # 100 HU in -650 to 1350: 750 * 255 / 2000, rounded
SETTING_UP = f"""
import numpy as np
from sarcoma_review.planning.resection import Plane
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import Viewer

array = np.full({(SLICES, ROWS, COLUMNS)}, 100, np.int16)
bright = tuple(slice(*run) for run in {BRIGHT})
array[bright] = 1000
array[tuple(slice(*run) for run in {DARK})] = -1000
affine = np.array([[0, 0, -1, 35], [-2, 0, 0, 38], [0, 1.5, 0, -43.5], [0, 0, 0, 1.0]])
ct = Volume(array, affine, modality="CT", units="HU")
mask = np.zeros(ct.shape, bool)
mask[bright] = True
viewer = Viewer(ct)
outlined = Viewer(
    ct,
    segments=[Segment("tumour", Volume(mask, affine))],
    planes=[Plane((0, 0, 0), (0.3, 0, -1), name="distal", kerf_mm=3)],
)
"""


@pytest.fixture(scope="module")
def notebook(open_written: Callable[..., Notebook]) -> Notebook:
    return open_written("viewing.ipynb", SETTING_UP, "viewer", "outlined")


@pytest.fixture(autouse=True)
def at_the_bright_block(notebook: Notebook) -> None:
    """Every test starts at the middle of the bright block, on soft tissue."""
    notebook.execute("viewer.crosshair_mm = ct.position_mm((12, 15, 56)); viewer.set_window('soft tissue')")
    notebook.eventually(lambda: _readout(notebook), "R 21.0 · P 14.0 · I 21.0 mm\u20031000 HU\u2003W 400 L 40")


TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def _readout(notebook: Notebook) -> str | None:
    return notebook.page.locator(".sr-readout").first.text_content()


def _canvas(notebook: Notebook, view: str) -> Any:
    return notebook.page.locator(f".sr-pane[data-view={view}] canvas").first


def _picture(notebook: Notebook, view: str) -> NDArray[np.uint8]:
    url = _canvas(notebook, view).evaluate("(canvas) => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB"))


def _slice_box(picture: NDArray[np.uint8], grey: int) -> tuple[int, int, int, int]:
    """Left, right, top and bottom of the slice: the columns and rows that are mostly its soft tissue."""
    tissue = (np.abs(picture.astype(int) - grey) <= 2).all(axis=2)
    columns, rows = (np.flatnonzero(tissue.mean(axis=axis) > 0.3) for axis in (0, 1))
    return int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1


def _place(view: str, index: tuple[float, float, float]) -> tuple[float, float]:
    """Where an index lies in a view, as fractions of the slice from its left and its top."""
    anterior, head, left = (1 - (at + 0.5) / n for at, n in zip(index, (SLICES, ROWS, COLUMNS), strict=True))
    return {"axial": (left, anterior), "coronal": (left, head), "sagittal": (anterior, head)}[view]


def _grey_at(notebook: Notebook, view: str, index: tuple[float, float, float], around: int = SOFT_TISSUE_GREY) -> int:
    picture = _picture(notebook, view)
    left, right, top, bottom = _slice_box(picture, around)
    across, down = _place(view, index)
    x, y = left + across * (right - left), top + down * (bottom - top)
    patch = picture[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
    return int(np.median(patch))


def _page_point(notebook: Notebook, view: str, index: tuple[float, float, float]) -> tuple[float, float]:
    """Where an index lies on the page, in pixels."""
    canvas = _canvas(notebook, view)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    left, right, top, bottom = _slice_box(_picture(notebook, view), SOFT_TISSUE_GREY)
    across, down = _place(view, index)
    return box["x"] + left + across * (right - left), box["y"] + top + down * (bottom - top)


VIEWS = ("axial", "coronal", "sagittal")


@pytest.mark.parametrize("view", VIEWS)
def test_every_pane_shows_the_bright_block_in_its_place(notebook: Notebook, view: str) -> None:
    low, high = [run[0] for run in BRIGHT], [run[1] - 1 for run in BRIGHT]
    inside = [(low[0] + 1, low[1] + 1, low[2] + 2), (high[0] - 1, high[1] - 1, high[2] - 2)]
    outside = [(low[0] - 2, low[1] - 2, low[2] - 2), (high[0] + 2, high[1] + 2, high[2] + 2)]
    assert [_grey_at(notebook, view, index) for index in inside] == [255, 255]
    assert [_grey_at(notebook, view, index) for index in outside] == [SOFT_TISSUE_GREY] * 2


@pytest.mark.parametrize("view", VIEWS)
def test_a_crosshair_set_in_python_moves_every_pane(notebook: Notebook, view: str) -> None:
    notebook.execute("viewer.crosshair_mm = ct.position_mm((30, 44, 13))")
    notebook.eventually(lambda: _grey_at(notebook, view, (28, 41, 10)), 0)
    assert _grey_at(notebook, view, (12, 13, 53)) == SOFT_TISSUE_GREY
    assert _readout(notebook) == "L 22.0 · A 22.0 · S 22.5 mm\u2003\u22121000 HU\u2003W 400 L 40"


@pytest.mark.parametrize("view", VIEWS)
def test_panes_have_the_proportions_of_the_patient(notebook: Notebook, view: str) -> None:
    sizes_mm = {"axial": (70, 80), "coronal": (70, 90), "sagittal": (80, 90)}
    left, right, top, bottom = _slice_box(_picture(notebook, view), SOFT_TISSUE_GREY)
    wide, high = sizes_mm[view]
    assert (right - left) / (bottom - top) == pytest.approx(wide / high, abs=0.01)


@pytest.mark.parametrize(
    ("view", "index"), [("axial", (12, 12, 56)), ("coronal", (9, 15, 56)), ("sagittal", (12, 15, 53))]
)
def test_the_wheel_leads_to_the_feet_the_back_and_the_left(notebook: Notebook, view: str, index: object) -> None:
    _canvas(notebook, view).hover()
    for _ in range(3):
        notebook.page.mouse.wheel(0, 120)
    notebook.eventually(lambda: notebook.python("viewer.crosshair_index"), index)


def test_a_preset_button_changes_every_pane_and_python(notebook: Notebook) -> None:
    notebook.page.get_by_role("button", name="bone").first.click()
    notebook.eventually(lambda: notebook.python("(viewer.preset, viewer.window)"), ("bone", (-650.0, 1350.0)))
    for view in VIEWS:
        assert _grey_at(notebook, view, (20, 25, 30), around=BONE_GREY) == BONE_GREY


def test_a_right_drag_widens_the_window_and_opens_no_menu(notebook: Notebook) -> None:
    x, y = _page_point(notebook, "coronal", (20, 30, 35))
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down(button="right")
    notebook.page.mouse.move(x + 50, y, steps=5)
    notebook.page.mouse.up(button="right")
    notebook.eventually(lambda: notebook.python("viewer.preset"), "")
    low, high = notebook.python("viewer.window")
    assert (high - low, (low + high) / 2) == pytest.approx((400 * math.exp(50 / 250), 40))
    assert notebook.page.locator(".lm-Menu-content").count() == 0


def test_the_window_tool_gives_the_left_drag_another_meaning(notebook: Notebook) -> None:
    notebook.page.get_by_role("button", name="window").first.click()
    x, y = _page_point(notebook, "axial", (20, 30, 35))
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x, y + 30, steps=3)
    notebook.page.mouse.up()
    notebook.page.get_by_role("button", name="crosshair").first.click()
    notebook.eventually(lambda: notebook.python("viewer.preset"), "")
    assert notebook.python("viewer.window") == pytest.approx((-120, 280))
    assert notebook.python("viewer.crosshair_index") == (12, 15, 56)


@pytest.mark.parametrize(
    ("view", "target", "index"),
    [
        ("axial", (29, 0, 12), (29, 15, 12)),
        ("coronal", (0, 47, 12), (12, 47, 12)),
        ("sagittal", (29, 47, 0), (29, 47, 56)),
    ],
)
def test_a_click_puts_the_crosshair_on_the_voxel_under_it(
    notebook: Notebook, view: str, target: tuple[float, float, float], index: tuple[int, int, int]
) -> None:
    notebook.page.mouse.click(*_page_point(notebook, view, target))
    notebook.eventually(lambda: notebook.python("viewer.crosshair_index"), index)


def test_a_quick_drag_ends_where_the_hand_lets_go(notebook: Notebook) -> None:
    x, y = _page_point(notebook, "coronal", (12, 15, 56))
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    for n in range(60):
        notebook.page.mouse.move(x + 2 * n, y + n)
    notebook.page.mouse.move(*_page_point(notebook, "coronal", (12, 47, 12)))
    notebook.page.mouse.up()
    notebook.eventually(lambda: notebook.python("viewer.crosshair_index"), (12, 47, 12))
    notebook.page.wait_for_timeout(500)
    position = notebook.python("tuple(round(abs(mm), 1) for mm in viewer.crosshair_mm)")
    assert str(_readout(notebook)).startswith("L {} · P {} · S {} mm".format(*position))


def test_a_drag_beyond_the_slice_stays_on_its_rim(notebook: Notebook) -> None:
    x, y = _page_point(notebook, "axial", (20, 0, 35))
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x - 900, y, steps=4)
    notebook.page.mouse.up()
    notebook.eventually(lambda: notebook.python("viewer.crosshair_index[2]"), COLUMNS - 1)


def test_keys_move_by_one_voxel_and_jupyterlab_does_not_take_them(notebook: Notebook) -> None:
    selected = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = notebook.page.evaluate(selected)
    _canvas(notebook, "axial").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "PageDown", "PageDown", "PageDown", "2"):
        notebook.page.keyboard.press(key)
    notebook.eventually(lambda: notebook.python("(viewer.crosshair_index, viewer.preset)"), ((10, 12, 55), "bone"))
    assert notebook.page.evaluate(selected) == before


def test_a_double_click_enlarges_a_view_and_back(notebook: Notebook) -> None:
    before = _canvas(notebook, "coronal").bounding_box()["width"]
    for enlarged, factor in (("coronal", 3), ("", 1)):
        _canvas(notebook, "coronal").dblclick()
        notebook.eventually(lambda: notebook.python("viewer.enlarged"), enlarged)
        assert _canvas(notebook, "coronal").bounding_box()["width"] == pytest.approx(factor * before, rel=0.02)
        assert _canvas(notebook, "axial").is_visible() == (enlarged == "")


def test_zoom_moves_the_tissue_away_from_the_pointer_and_r_brings_it_back(notebook: Notebook) -> None:
    before = _picture(notebook, "axial")
    notebook.page.mouse.move(*_page_point(notebook, "axial", (12, 15, 56)))
    notebook.page.keyboard.down("Control")
    notebook.page.mouse.wheel(0, -240)
    notebook.page.keyboard.up("Control")
    notebook.eventually(lambda: bool((_picture(notebook, "axial") != before).any()), True)
    assert (_picture(notebook, "axial") == 255).all(axis=2).sum() > 1.2 * (before == 255).all(axis=2).sum()
    _canvas(notebook, "axial").press("r")
    notebook.eventually(lambda: bool((_picture(notebook, "axial") == before).all()), True)


def test_outlines_and_cut_planes_are_drawn_and_named(notebook: Notebook) -> None:
    second = notebook.page.locator(".sr-viewer").nth(1)
    assert second.locator(".sr-legend li").all_inner_texts() == ["tumour", "cut plane; kerf dashed"]
    second.scroll_into_view_if_needed()
    canvas = second.locator("[data-view=coronal] canvas")
    url = canvas.evaluate("(canvas) => canvas.toDataURL()")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")).astype(int)
    for colour in ((0xE6, 0x9F, 0x00), (0xF0, 0xE4, 0x42)):  # Okabe and Ito's orange and yellow
        assert (np.abs(picture - colour) <= 12).all(axis=2).sum() > 100


def test_planes_set_in_python_appear_on_the_page(notebook: Notebook) -> None:
    notebook.execute("viewer.planes = [Plane((0, 0, 0), (0, 0, 1), name='proximal', kerf_mm=0)]")
    legend = notebook.page.locator(".sr-viewer").first.locator(".sr-legend li")
    notebook.eventually(legend.all_inner_texts, ["cut plane"])
    notebook.execute("viewer.planes = []")
    notebook.eventually(legend.all_inner_texts, [])


def test_a_second_page_gets_the_picture_and_follows(
    notebook: Notebook, open_notebook: Callable[[Path], Notebook]
) -> None:
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    other = open_notebook(notebook.lab.folder / "viewing.ipynb")
    other.page.wait_for_selector(".sr-viewer[data-state=ready]")
    assert _grey_at(other, "coronal", (12, 18, 53)) == 255
    notebook.page.mouse.click(*_page_point(notebook, "axial", (29, 0, 12)))
    notebook.eventually(lambda: "L 23.0 · A 20.0" in str(_readout(other)), True)
    assert other.outside == []


def test_a_reload_brings_the_picture_back_where_it_was(notebook: Notebook) -> None:
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    notebook.page.reload()
    notebook.page.wait_for_selector(".sr-viewer[data-state=ready]", timeout=60_000)
    notebook.eventually(lambda: "R 21.0 · P 14.0" in str(_readout(notebook)), True)
    notebook.page.evaluate(TWO_FRAMES)  # the page may lay itself out anew, and then draws again
    assert _grey_at(notebook, "sagittal", (9, 12, 53)) == 255


def test_the_saved_notebook_holds_no_picture(notebook: Notebook) -> None:
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = (notebook.lab.folder / "viewing.ipynb").read_text()
    assert "<Viewer CT 40 x 60 x 70>" in saved
    assert len(saved) < 20_000


def test_no_request_leaves_this_machine(notebook: Notebook) -> None:
    assert notebook.outside == []

"""What a surgeon does on the viewer beside looking: zoom, outlines, oblique views, comparing, measuring.

The phantom is that of `test_viewer`: soft tissue of 100 HU with a bright block round R 21, P 14, I 21 mm.
"""

import base64
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.browser.conftest import PICTURES, Notebook
from tests.browser.test_viewer import SETTING_UP

pytestmark = pytest.mark.browser

MIDDLE = (12, 15, 56)  # of the bright block
MORE = """
tumour = Segment("tumour", Volume(mask, affine))
slanted = Plane(ct.position_mm((12, 15, 56)), (0, 0.6, 0.8), name="slanted", kerf_mm=0)
ended = [(-31, 14, -21 - 4), (-11, 14, -21 - 4), (-11, 14, -21 + 4), (-31, 14, -21 + 4)]
one = Viewer(ct, segments=[tumour], planes=[slanted])
turn = np.array([[0.96, -0.28, 0, 5.0], [0.28, 0.96, 0, -3.0], [0, 0, 1, 2.0], [0, 0, 0, 1]])
after = Volume(array + 7, turn @ affine, "9.9.9", modality="CT", units="HU")
pair = Viewer(ct, beside=after, registration=turn, labels=("before", "after"))
uptake = np.zeros(ct.shape, np.int16)
uptake[bright] = 500
fused = Viewer(ct, fusion=Volume(uptake, affine, modality="PT"))
from sarcoma_review.planning import TumourSurface
skin = TumourSurface.from_mask(tumour.mask)
skinned = Viewer(ct, surface=skin, margins_mm=slanted.distance_mm(skin.vertices))
"""
NAMES = ("one", "pair", "fused", "skinned")


@pytest.fixture(scope="module")
def notebook(open_written: Callable[..., Notebook]) -> Notebook:
    return open_written("tools.ipynb", SETTING_UP + MORE, *NAMES)


@pytest.fixture(autouse=True)
def at_the_bright_block(notebook: Notebook) -> None:
    """Every test starts at the middle of the bright block, with nothing measured."""
    notebook.execute(f"for v in (one, pair, fused, skinned): v.crosshair_mm = ct.position_mm({MIDDLE})")
    notebook.execute(
        "one.measurements = (); one.oblique = ''; one.enlarged = ''; one.fill_opacity = 0; one.hidden = ()"
    )
    notebook.page.mouse.move(2, 2)
    canvas(notebook, "one", "axial").press("r")
    canvas(notebook, "one", "axial").press("c")
    notebook.eventually(lambda: "R 21.0 · P 14.0 · I 21.0 mm" in str(root(notebook, "one").inner_text()), True)


def root(notebook: Notebook, name: str) -> Any:
    return notebook.page.locator(".sr-viewer").nth(NAMES.index(name))


def canvas(notebook: Notebook, name: str, view: str, row: int = 0) -> Any:
    found = root(notebook, name).locator(f".sr-pane[data-view={view}] canvas").nth(row)
    found.scroll_into_view_if_needed()
    return found


def picture(found: Any) -> NDArray[np.int_]:
    url = found.evaluate("(canvas) => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")).astype(int)


def at_crosshair(found: Any) -> list[int]:
    """The colour within the crosshair's gap: it stands where its two lines would meet."""
    seen = picture(found)
    lines = np.abs(seen - seen.mean(axis=2, keepdims=True)).max(axis=2)  # the crosshair is the one bluish thing
    x, y = int(np.argmax((lines > 4).mean(axis=0))), int(np.argmax((lines > 4).mean(axis=1)))
    return [int(value) for value in np.median(seen[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3), axis=0)]


def pointer(notebook: Notebook, name: str = "one") -> str:
    return str(root(notebook, name).locator(".sr-pointer").text_content())


def hover(notebook: Notebook, found: Any, across: float, down: float) -> tuple[float, float]:
    box = found.bounding_box()
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    notebook.page.mouse.move(x, y)
    return x, y


def numbers(words: str) -> list[float]:
    return [float(word) for word in words.replace("·", " ").split() if word.replace(".", "").isdigit()]


def test_the_value_and_the_place_under_the_pointer_are_told(notebook: Notebook) -> None:
    axial = canvas(notebook, "one", "axial")
    hover(notebook, axial, 0.5, 0.5)
    notebook.eventually(lambda: "100 HU" in pointer(notebook), True)
    assert pointer(notebook).endswith("mm\u2003100 HU")
    right, posterior, inferior = numbers(pointer(notebook))[:3]
    assert [right, posterior] == pytest.approx([0.5, 1.0], abs=1.1)  # the middle of the slice
    assert inferior == 21.0
    hover(notebook, axial, 0.5, 0.001)
    notebook.eventually(lambda: pointer(notebook), "")


def test_ctrl_and_wheel_zoom_about_the_pointer_and_so_do_the_keys(notebook: Notebook) -> None:
    axial = canvas(notebook, "one", "axial")
    hover(notebook, axial, 0.4, 0.45)
    notebook.eventually(lambda: "HU" in pointer(notebook), True)
    before, seen = numbers(pointer(notebook))[:3], picture(axial)
    notebook.page.keyboard.down("Control")
    notebook.page.mouse.wheel(0, -240)
    notebook.page.keyboard.up("Control")
    axial.focus()
    for _ in range(4):
        notebook.page.keyboard.press("+")
    notebook.eventually(lambda: bool((picture(axial) != seen).any()), True)
    hover(notebook, axial, 0.4, 0.45)
    assert numbers(pointer(notebook))[:3] == pytest.approx(before, abs=0.11)


def test_the_buttons_of_a_view_zoom_about_the_crosshair_and_have_names(notebook: Notebook) -> None:
    sagittal = canvas(notebook, "one", "sagittal")
    bright = (picture(sagittal) == 255).all(axis=2).sum()
    zoom = root(notebook, "one").get_by_role("button", name="Zoom in, sagittal view")
    zoom.click()
    zoom.click()
    factor = 1.15**4
    notebook.eventually(lambda: (picture(sagittal) == 255).all(axis=2).sum() > 1.2 * bright, True)
    assert (picture(sagittal) == 255).all(axis=2).sum() == pytest.approx(factor * bright, rel=0.1)
    assert min(at_crosshair(sagittal)) > 240


def test_shift_and_arrows_move_the_image_and_not_the_crosshair(notebook: Notebook) -> None:
    axial = canvas(notebook, "one", "axial")
    place = notebook.python("one.crosshair_index")
    hover(notebook, axial, 0.5, 0.5)
    notebook.eventually(lambda: "HU" in pointer(notebook), True)
    before = pointer(notebook)
    axial.focus()
    for _ in range(2):
        notebook.page.keyboard.press("Shift+ArrowRight")
    notebook.eventually(lambda: pointer(notebook) != before, True)
    assert notebook.python("one.crosshair_index") == place


def test_one_view_fills_the_widget_by_its_button_from_the_keyboard(notebook: Notebook) -> None:
    button = root(notebook, "one").get_by_role("button", name="One view, and back, coronal view")
    button.focus()
    outline = button.evaluate("(button) => getComputedStyle(button).outlineStyle")
    notebook.page.keyboard.press("Shift+Tab")
    notebook.page.keyboard.press("Tab")
    assert button.evaluate("(button) => getComputedStyle(button).outlineStyle") == "solid", outline
    notebook.page.keyboard.press("Enter")
    notebook.eventually(lambda: notebook.python("one.enlarged"), "coronal")
    assert not canvas_is_visible(notebook, "axial")
    notebook.page.keyboard.press("Enter")
    notebook.eventually(lambda: notebook.python("one.enlarged"), "")


def canvas_is_visible(notebook: Notebook, view: str) -> bool:
    return bool(root(notebook, "one").locator(f".sr-pane[data-view={view}] canvas").is_visible())


def test_outlines_are_filled_by_a_key_and_hidden_by_their_legend(notebook: Notebook) -> None:
    coronal = canvas(notebook, "one", "coronal")
    assert at_crosshair(coronal) == [255, 255, 255]
    coronal.press("f")
    notebook.eventually(lambda: notebook.python("one.fill_opacity"), 0.35)
    orange = [round(255 + 0.35 * (part - 255)) for part in (0xE6, 0x9F, 0x00)]
    notebook.eventually(lambda: int(np.abs(np.subtract(at_crosshair(coronal), orange)).max()) <= 2, True)
    button = root(notebook, "one").get_by_role("button", name="tumour")
    button.click()
    notebook.eventually(lambda: notebook.python("one.hidden"), ("tumour",))
    notebook.eventually(lambda: at_crosshair(coronal), [255, 255, 255])
    assert button.get_attribute("aria-pressed") == "false"


def test_the_oblique_view_lies_along_the_cut_and_leaves_it_by_the_wheel(notebook: Notebook) -> None:
    notebook.execute("one.look_along('slanted')")
    oblique = canvas(notebook, "one", "oblique")
    notebook.eventually(lambda: oblique.get_attribute("aria-label"), "Along slanted view, in the plane")
    assert at_crosshair(oblique) == [255, 255, 255]
    root(notebook, "one").screenshot(path=PICTURES / "tools_oblique.png")
    x, y = hover(notebook, oblique, 0.6, 0.5)
    notebook.page.mouse.click(x, y)
    notebook.eventually(lambda: notebook.python("one.crosshair_index") != MIDDLE, True)
    assert notebook.python("round(abs(float(slanted.distance_mm(one.crosshair_mm))), 6)") == 0
    before = notebook.python("float(slanted.distance_mm(one.crosshair_mm))")
    notebook.page.mouse.wheel(0, 120)  # towards the feet, as in the axial view, by the least voxel spacing
    notebook.eventually(
        lambda: round(notebook.python("float(slanted.distance_mm(one.crosshair_mm))") - before, 3), -1.0
    )
    notebook.eventually(lambda: oblique.get_attribute("aria-label"), "Along slanted view, 1.0 mm to the specimen")


def test_an_oblique_view_is_chosen_on_the_page(notebook: Notebook) -> None:
    notebook.execute("one.crosshair_mm = ct.position_mm((20, 30, 35))")
    root(notebook, "one").get_by_role("combobox", name="Oblique view").select_option(label="along slanted")
    notebook.eventually(lambda: notebook.python("one.oblique"), "slanted")
    notebook.eventually(lambda: notebook.python("round(float(slanted.distance_mm(one.crosshair_mm)), 6)"), 0)
    canvas(notebook, "one", "oblique").press("o")
    notebook.eventually(lambda: notebook.python("one.oblique"), "")


def test_a_plane_that_ends_is_drawn_as_far_as_it_reaches(notebook: Notebook) -> None:
    yellow = np.array([0xF0, 0xE4, 0x42])
    place = "ct.position_mm((12, 15, 56))"
    notebook.execute("one.crosshair_mm = ct.position_mm((16, 15, 56))")  # clear of the plane's line
    notebook.execute(f"one.planes = [Plane({place}, (0, 1, 0), name='', kerf_mm=0, patch_mm=ended)]")
    axial = canvas(notebook, "one", "axial")

    def drawn() -> float:
        columns = np.flatnonzero((np.abs(picture(axial) - yellow).max(axis=2) <= 40).any(axis=0))
        return float(np.ptp(columns)) if columns.size else 0.0

    tissue = (np.abs(picture(axial) - 166).max(axis=2) <= 2).mean(axis=0)
    wide = np.ptp(np.flatnonzero(tissue > 0.2)) + 1  # pixels for 70 mm
    notebook.eventually(lambda: drawn() > 0, True)
    assert drawn() * 70 / wide == pytest.approx(20, abs=1.0)
    notebook.execute("one.planes = [slanted]")


def test_two_images_are_linked_in_mm_through_their_registration(notebook: Notebook) -> None:
    for view in ("axial", "coronal", "sagittal"):
        for row in (0, 1):
            assert at_crosshair(canvas(notebook, "pair", view, row)) == [255, 255, 255]
    words = str(root(notebook, "pair").locator(".sr-readout").text_content())
    assert "before 1000 HU · after 1007 HU" in words
    root(notebook, "pair").screenshot(path=PICTURES / "tools_pair.png")
    after = canvas(notebook, "pair", "coronal", 1)
    x, y = hover(notebook, after, 0.5, 0.5)
    notebook.eventually(
        lambda: pointer(notebook, "pair").endswith("after 107 HU") or "107 HU" in pointer(notebook, "pair"), True
    )
    place = numbers(pointer(notebook, "pair"))[:3]
    notebook.page.mouse.click(x, y)
    notebook.eventually(lambda: notebook.python("pair.crosshair_index") != MIDDLE, True)
    found = notebook.python("tuple(abs(round(float(mm), 1)) for mm in pair.crosshair_mm)")
    assert found == pytest.approx(place, abs=0.11)


def test_each_of_two_images_takes_its_own_window(notebook: Notebook) -> None:
    x, y = hover(notebook, canvas(notebook, "pair", "axial", 1), 0.5, 0.5)
    notebook.page.mouse.down(button="right")
    notebook.page.mouse.move(x + 50, y, steps=4)
    notebook.page.mouse.up(button="right")
    width = 400 * math.exp(50 / 250)
    notebook.eventually(lambda: round(notebook.python("float(np.ptp(pair.beside_window))"), 3), round(width, 3))
    assert notebook.python("pair.window") == (-160.0, 240.0)
    root(notebook, "pair").get_by_role("button", name="bone").click()
    notebook.eventually(lambda: notebook.python("(pair.window, pair.beside_window)"), ((-650.0, 1350.0),) * 2)
    notebook.execute("pair.set_window('soft tissue'); pair.beside_window = (-160, 240)")


def test_a_fused_volume_is_coloured_and_its_slider_takes_it_away(notebook: Notebook) -> None:
    axial = canvas(notebook, "fused", "axial")
    notebook.eventually(lambda: int(np.ptp(at_crosshair(axial))) > 20, True)
    root(notebook, "fused").screenshot(path=PICTURES / "tools_fused.png")
    slider = root(notebook, "fused").get_by_label("Fusion: PT")
    slider.focus()
    notebook.page.keyboard.press("Home")
    notebook.eventually(lambda: notebook.python("fused.fusion_opacity"), 0.0)
    notebook.eventually(lambda: at_crosshair(axial), [255, 255, 255])
    notebook.execute("fused.fusion_opacity = 0.5")


def test_the_surface_is_drawn_in_the_colours_of_its_margins(notebook: Notebook) -> None:
    seen = picture(canvas(notebook, "skinned", "coronal"))
    for colour in ((0xD5, 0x5E, 0x00), (0x56, 0xB4, 0xE9)):  # cut through, and 5 to 10 mm
        assert (np.abs(seen - colour).max(axis=2) <= 12).sum() > 20
    words = root(notebook, "skinned").locator(".sr-legend li").all_inner_texts()
    assert words == ["cut through", "margin 0 to 2 mm", "2 to 5 mm", "5 to 10 mm", "10 mm and more"]


def _keys(notebook: Notebook, *keys: str) -> None:
    canvas(notebook, "one", "axial").focus()
    for key in keys:
        notebook.page.keyboard.press(key)


def test_a_length_is_measured_from_the_keyboard_and_computed_in_python(notebook: Notebook) -> None:
    _keys(notebook, "l", "Space", *["ArrowRight"] * 10, "Space")
    notebook.eventually(lambda: notebook.python("[round(m.length_mm, 6) for m in one.measurements]"), [10.0])
    listed = root(notebook, "one").locator(".sr-marks li")
    assert "length 10.0 ± 0.8 mm" in listed.first.inner_text()  # 1.96 sqrt(2 / 12) mm of 1 mm columns
    root(notebook, "one").get_by_role("button", name="Delete length 1").click()
    notebook.eventually(lambda: notebook.python("one.measurements"), ())


def test_an_angle_and_a_note_are_placed_from_the_keyboard(notebook: Notebook) -> None:
    right, down = ["ArrowRight"] * 8, ["ArrowDown"] * 4
    _keys(notebook, "a", *right, "Space", *["ArrowLeft"] * 8, "Space", *down, "Space")
    notebook.eventually(lambda: notebook.python("[round(m.angle_deg, 4) for m in one.measurements]"), [90.0])
    _keys(notebook, "n", "Space")
    notebook.page.keyboard.type("vessels, look again")
    notebook.page.keyboard.press("Enter")
    notebook.eventually(lambda: notebook.python("one.measurements[1].text"), "vessels, look again")
    place = notebook.python("one.crosshair_mm")
    assert notebook.python("one.measurements[1].position_mm") == pytest.approx(place)


def test_a_drag_measures_and_an_ellipse_reads_its_voxels(notebook: Notebook) -> None:
    notebook.execute("one.hidden = ('tumour',)")  # its outline covers the block's edge
    axial = canvas(notebook, "one", "axial")
    legend = root(notebook, "one").get_by_role("button", name="tumour")
    notebook.eventually(lambda: legend.get_attribute("aria-pressed"), "false")
    notebook.page.wait_for_timeout(200)  # for the frame that follows
    root(notebook, "one").get_by_role("button", name="length", exact=True).click()
    axial.scroll_into_view_if_needed()
    box, seen = axial.bounding_box(), picture(axial)
    rows, columns = np.nonzero((seen == 255).all(axis=2) & (np.arange(seen.shape[1]) < seen.shape[1] / 2))
    left, right, top, bottom = (float(edge) for edge in (columns.min(), columns.max(), rows.min(), rows.max()))
    y = box["y"] + (top + bottom) / 2 + 14
    notebook.page.mouse.move(box["x"] + left, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + right + 1, y, steps=5)
    notebook.page.mouse.up()
    notebook.eventually(lambda: notebook.python("len(one.measurements)"), 1)
    # Drawn white is what lies between the centres of the first and the last of the block's 13 columns.
    assert notebook.python("one.measurements[0].length_mm") == pytest.approx(12, abs=0.3)
    axial.press("e")
    notebook.page.mouse.move(box["x"] + left + 6, box["y"] + top + 6)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + right - 6, box["y"] + bottom - 6, steps=5)
    notebook.page.mouse.up()
    notebook.eventually(lambda: notebook.python("len(one.measurements)"), 2)
    assert notebook.python("(one.measurements[1].mean, one.measurements[1].sd)") == (1000.0, 0.0)
    root(notebook, "one").screenshot(path=PICTURES / "tools_measured.png")


def test_measurements_survive_a_reload_and_are_gone_to_by_a_click(notebook: Notebook) -> None:
    _keys(notebook, "l", "Space", *["ArrowRight"] * 5, "Space", *["PageDown"] * 3)
    notebook.eventually(lambda: notebook.python("len(one.measurements)"), 1)
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    notebook.page.reload()
    notebook.page.wait_for_selector(".sr-viewer[data-state=ready]", timeout=60_000)
    item = root(notebook, "one").locator(".sr-marks li")
    notebook.eventually(lambda: "length 5.0" in str(item.first.inner_text()), True)
    item.get_by_role("button").first.click()
    notebook.eventually(lambda: notebook.python("one.crosshair_index"), MIDDLE)
    assert "length" not in (notebook.lab.folder / "tools.ipynb").read_text().split("Volume(mask")[1]


def test_what_cannot_be_measured_is_said_in_one_line(notebook: Notebook) -> None:
    _keys(notebook, "l", "Space", "Space")
    words = root(notebook, "one").locator(".sr-words")
    notebook.eventually(lambda: "expected more than 0.001 mm" in str(words.text_content()), True)
    assert notebook.python("one.measurements") == ()


def test_a_narrow_window_stacks_the_views(notebook: Notebook) -> None:
    viewer = root(notebook, "one")
    viewer.evaluate("(root) => { root.style.width = '420px'; }")
    canvas(notebook, "one", "axial")
    boxes = [
        viewer.locator(f".sr-pane[data-view={view}]").bounding_box() for view in ("axial", "coronal", "sagittal")
    ]
    assert [box["width"] for box in boxes] == pytest.approx([420] * 3, abs=3)
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"]
    viewer.screenshot(path=PICTURES / "tools_narrow.png")
    viewer.evaluate("(root) => { root.style.width = ''; }")


def test_a_dark_theme_has_light_words(notebook: Notebook) -> None:
    colour = "(root) => getComputedStyle(root).color.match(/\\d+/g).slice(0, 3).map(Number)"
    with notebook.dark():
        notebook.eventually(lambda: min(root(notebook, "one").evaluate(colour)) > 180, True)
        canvas(notebook, "one", "axial")
        root(notebook, "one").screenshot(path=PICTURES / "tools_dark.png")


def test_no_request_leaves_this_machine(notebook: Notebook) -> None:
    assert notebook.outside == []

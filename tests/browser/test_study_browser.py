"""The study browser and the key images in a real JupyterLab page, on the shipped sample patient."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import PICTURES, ROOT, Notebook

pytestmark = pytest.mark.browser

SETTING_UP = f"""
import hashlib
import sarcoma_review as sr
study = sr.open_study({str(ROOT / "sample_dicom" / "distal_femur_osteosarcoma")!r})
browser = sr.widgets.StudyBrowser(study)
opened = []
browser.on_open(opened.append)
ct = study.volume(modality="CT")
tumour = study.segment("tumour")
cut = sr.Plane(ct.position_mm((150, 100, 110)), (0, 0.2, 1), name="proximal", kerf_mm=2)
viewer = sr.widgets.Viewer(ct, segments=[tumour], planes=[cut])
"""


@pytest.fixture(scope="module")
def notebook(open_written: Callable[..., Notebook]) -> Notebook:
    return open_written("browsing.ipynb", SETTING_UP, "browser", "viewer")


@pytest.fixture(autouse=True)
def nothing_open_and_nothing_kept(notebook: Notebook) -> None:
    notebook.execute("browser.chosen = -1; opened.clear(); viewer.key_images = (); viewer.enlarged = ''")
    notebook.eventually(lambda: (chosen(notebook), kept(notebook).count()), (None, 0))


def cards(notebook: Notebook) -> Any:
    return notebook.page.locator(".sr-card")


def chosen(notebook: Notebook) -> int | None:
    """The card that is marked as open."""
    marks = [card.get_attribute("aria-current") for card in cards(notebook).all()]
    return marks.index("true") if "true" in marks else None


def kept(notebook: Notebook) -> Any:
    return notebook.page.locator(".sr-kept li")


def pane(notebook: Notebook, view: str) -> Any:
    found = notebook.page.locator(f".sr-pane[data-view={view}] canvas")
    found.scroll_into_view_if_needed()
    return found


def captions(notebook: Notebook) -> list[str]:
    found: list[str] = notebook.python("[image.caption for image in viewer.key_images]")
    return found


def test_each_volume_has_its_words_and_its_picture(notebook: Notebook) -> None:
    first = cards(notebook).first
    words = first.inner_text()
    assert words.splitlines()[:2] == ["CT knee 0.8 soft", "184 slices of 208 × 208"]
    assert "0.80 mm apart, pixels 0.80 × 0.80 mm" in words
    assert "outlined: tumour, femur" in words
    assert cards(notebook).count() == notebook.python("len(study.volumes)")
    digest = "async (card) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', await (await fetch(\
card.querySelector('img').src)).arrayBuffer()))].map((byte) => byte.toString(16).padStart(2, '0')).join('')"
    sent = notebook.python("hashlib.sha256(sr.present.thumbnail(study.volumes[0])).hexdigest()")
    assert first.evaluate(digest) == sent
    assert first.evaluate("(card) => card.querySelector('img').naturalWidth") == 144


def test_what_was_left_out_is_counted_with_its_reason_and_no_file_is_named(notebook: Notebook) -> None:
    words = notebook.page.locator(".sr-browser").inner_text()
    [(name, reason)] = notebook.python("[(str(path), reason) for path, reason in study.skipped]")
    assert "1 file or image left out" in words
    assert f"1 × {reason}" in words
    assert name not in words


def test_a_click_opens_a_volume_and_python_hears_of_it(notebook: Notebook) -> None:
    cards(notebook).nth(1).click()
    notebook.eventually(lambda: notebook.python("[volume.modality for volume in opened]"), ["MR"])
    notebook.eventually(lambda: chosen(notebook), 1)
    assert notebook.python("browser.chosen") == 1
    assert notebook.python("browser.volume is study.volumes[1]") is True


def test_arrows_and_enter_open_one_without_a_mouse(notebook: Notebook) -> None:
    cards(notebook).nth(1).focus()
    notebook.page.keyboard.press("ArrowLeft")
    assert cards(notebook).first.evaluate("(card) => card === document.activeElement") is True
    notebook.page.keyboard.press("Enter")
    notebook.eventually(lambda: notebook.python("(browser.chosen, len(opened))"), (0, 1))


def test_what_python_opens_is_marked_on_the_page(notebook: Notebook) -> None:
    notebook.execute("browser.chosen = 1")
    notebook.eventually(lambda: chosen(notebook), 1)


def test_key_k_keeps_the_view_it_is_pressed_on(notebook: Notebook) -> None:
    notebook.execute("viewer.crosshair_mm = ct.position_mm((90, 100, 110))")
    pane(notebook, "coronal").press("k")
    notebook.eventually(lambda: kept(notebook).locator("span").all_inner_texts(), ["kept: coronal 101 of 208"])
    assert notebook.page.locator(".sr-kept").get_attribute("aria-live") == "polite"
    assert captions(notebook) == ["CT knee 0.8 soft, coronal 101 of 208"]
    assert notebook.python("viewer.key_images == (viewer.key_image('coronal'),)") is True


def test_the_button_keeps_the_enlarged_view_else_the_one_used_last(notebook: Notebook) -> None:
    notebook.execute("viewer.crosshair_mm = ct.position_mm((90, 100, 110))")
    pane(notebook, "coronal").focus()
    button = notebook.page.get_by_role("button", name="Keep image")
    button.click()
    notebook.eventually(lambda: kept(notebook).count(), 1)
    notebook.execute("viewer.enlarged = 'sagittal'")
    notebook.page.wait_for_selector(".sr-viewer[data-enlarged=sagittal]")
    button.click()
    notebook.eventually(lambda: kept(notebook).count(), 2)
    views = [caption.split(", ")[1] for caption in captions(notebook)]
    assert views == ["coronal 101 of 208", "sagittal 111 of 208"]


def test_a_caption_is_written_and_an_image_deleted(notebook: Notebook) -> None:
    for view in ("axial", "sagittal"):
        pane(notebook, view).press("k")
    notebook.eventually(lambda: kept(notebook).count(), 2)
    field = kept(notebook).first.get_by_role("textbox")
    field.fill("Soft tissue beside the vessels")
    field.press("Enter")
    notebook.eventually(lambda: captions(notebook)[0].partition(": ")[2], "Soft tissue beside the vessels")
    kept(notebook).nth(1).get_by_role("button").click()
    notebook.eventually(lambda: kept(notebook).count(), 1)
    assert kept(notebook).first.get_by_role("textbox").input_value() == "Soft tissue beside the vessels"
    assert len(captions(notebook)) == 1


def test_a_caption_being_written_outlives_what_another_page_does(notebook: Notebook) -> None:
    pane(notebook, "axial").press("k")
    notebook.eventually(lambda: kept(notebook).count(), 1)
    field = kept(notebook).first.get_by_role("textbox")
    field.press_sequentially("half a sen")
    notebook.execute("viewer.key_images = (*viewer.key_images, viewer.key_image('sagittal'))")
    notebook.eventually(lambda: kept(notebook).count(), 2)
    notebook.page.keyboard.type("tence")
    notebook.page.keyboard.press("Enter")
    notebook.eventually(lambda: captions(notebook)[0].partition(": ")[2], "half a sentence")


def test_the_saved_notebook_is_small_and_holds_no_picture(notebook: Notebook) -> None:
    pane(notebook, "axial").press("k")
    notebook.eventually(lambda: kept(notebook).count(), 1)
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = notebook.lab.folder / "browsing.ipynb"
    notebook.eventually(lambda: "StudyBrowser CT 184 x 208 x 208" in saved.read_text(), True)
    assert saved.stat().st_size < 50_000
    kinds = [
        kind for cell in json.loads(saved.read_text())["cells"] for out in cell["outputs"] for kind in out["data"]
    ]
    assert not [kind for kind in kinds if kind.startswith("image/")]


def test_it_can_be_read_in_dark_and_narrow(notebook: Notebook) -> None:
    cards(notebook).first.click()
    notebook.execute("viewer.crosshair_mm = ct.position_mm((90, 100, 110))")
    pane(notebook, "axial").press("k")
    notebook.eventually(lambda: (chosen(notebook), kept(notebook).count()), (0, 1))
    browser = notebook.page.locator(".sr-browser")
    light = _ink_and_ground(notebook, browser, "browser_light.png")
    with notebook.dark():
        dark = _ink_and_ground(notebook, browser, "browser_dark.png")
    assert light[1] > 240 > 60 > dark[1]
    notebook.page.set_viewport_size({"width": 560, "height": 900})
    box = cards(notebook).first.bounding_box()
    browser.screenshot(path=PICTURES / "browser_narrow.png")
    assert box["width"] <= 560
    assert browser.evaluate("(root) => root.scrollWidth <= root.clientWidth") is True
    notebook.page.set_viewport_size({"width": 1440, "height": 1000})
    pane(notebook, "axial")
    notebook.page.wait_for_timeout(400)
    notebook.page.locator(".sr-viewer").screenshot(path=PICTURES / "viewer_kept.png")


def _ink_and_ground(notebook: Notebook, browser: Any, name: str) -> tuple[float, float]:
    """Brightness of the darkest writing and of the ground."""
    browser.scroll_into_view_if_needed()
    notebook.page.wait_for_timeout(400)
    seen = np.asarray(Image.open(io.BytesIO(browser.screenshot(path=PICTURES / name))).convert("L")).astype(int)
    return float(seen.min()), float(np.median(seen))


def test_no_request_left_this_machine(notebook: Notebook) -> None:
    assert notebook.outside == []

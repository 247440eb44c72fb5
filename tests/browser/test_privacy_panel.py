"""The privacy panel in a real JupyterLab page: a film with an invented name on it, looked at and signed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PICTURES, ROOT, Notebook

pytestmark = pytest.mark.browser

NAME = "Quillfeather"
SETTING_UP = f"""
import sys, tempfile
from datetime import date
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from tests.privacy.case import ct, save
from tests.privacy.picture import film
import sarcoma_review as sr
from sarcoma_review.privacy.contact_sheet import ContactSheet
folder = Path(tempfile.mkdtemp())
for number in (1, 2):
    save(film(number=number), folder / f"{{number:04d}}.dcm")
save(ct(3), folder / "0003.dcm")
panel = sr.widgets.PrivacyPanel(sr.check(folder), sheet=ContactSheet.of(folder), on=date(2026, 11, 22))
"""


@pytest.fixture(scope="module")
def notebook(open_written: Callable[..., Notebook]) -> Notebook:
    return open_written("privacy.ipynb", SETTING_UP, "panel")


def panel(notebook: Notebook) -> Any:
    return notebook.page.locator(".sr-privacy")


def picture(notebook: Notebook, name: str) -> None:
    panel(notebook).scroll_into_view_if_needed()
    panel(notebook).screenshot(path=PICTURES / f"privacy_{name}.png")


def test_a_sheet_is_looked_at_changed_and_signed(notebook: Notebook) -> None:
    page = notebook.page
    notebook.eventually(lambda: panel(notebook).locator(".sr-picture img").count(), 2)
    panel(notebook).locator("summary").first.click()
    picture(notebook, "light")
    assert NAME not in panel(notebook).inner_text()
    sign = page.get_by_role("button", name="Sign", exact=True)
    page.get_by_label("Signing as").select_option("radiologist")
    assert sign.is_disabled()
    place = panel(notebook).locator(".sr-picture").nth(1)
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"], steps=3)
    page.mouse.up()
    notebook.eventually(
        lambda: notebook.python("panel.sheet.pictures[1].blanking.lines[-1].box"), (120, 160, 144, 224)
    )
    for tick in panel(notebook).get_by_role("checkbox").all():
        tick.focus()
        page.keyboard.press("Space")
    notebook.eventually(sign.is_disabled, False)
    sign.focus()
    page.keyboard.press("Enter")
    notebook.eventually(lambda: notebook.python("panel.signature and panel.signature.by_role"), "radiologist")
    assert panel(notebook).get_by_text("Signed by a radiologist on 2026-11-22").is_visible()
    with notebook.dark():
        picture(notebook, "dark")


def test_faults_are_read_by_file_too(notebook: Notebook) -> None:
    notebook.page.get_by_role("button", name="By file").click()
    notebook.eventually(lambda: panel(notebook).locator("summary").all_inner_texts()[0][:4], "0001")
    assert notebook.outside == []

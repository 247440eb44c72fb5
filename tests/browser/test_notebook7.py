"""The viewer in Notebook 7, which shows one notebook to a page."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import opened, serving, write_notebook
from tests.browser.test_robustness import SETTING_UP

pytestmark = pytest.mark.browser


def test_the_viewer_stands_in_notebook_7_and_its_crosshair_reaches_python(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("notebook7")
    write_notebook(home / "seven.ipynb", [SETTING_UP, "viewer = Viewer(ct, crosshair_mm=(0, 0, 0))\nviewer"])
    with serving(home, module="notebook") as server, chromium.new_context() as context:
        notebook = opened(context, server, home / "seven.ipynb", address="notebooks")
        notebook.run_all()
        notebook.shown(1)
        notebook.page.locator(".sr-pane[data-view=axial] canvas").press("ArrowRight")
        notebook.eventually(lambda: notebook.python("viewer.crosshair_mm"), (1.0, 0.0, 0.0))
        assert notebook.page.locator(".sr-readout").inner_text().startswith("L 1.0")
        assert notebook.outside == []

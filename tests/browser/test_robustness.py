"""What goes wrong around a widget in a real JupyterLab: the kernel restarts, the link breaks, pages come and go."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.conftest import PICTURES, Lab, Notebook, opened, write_notebook

pytestmark = pytest.mark.browser

SETTING_UP = """
import numpy as np
from sarcoma_review.present import wire
from sarcoma_review.volume import Volume
from sarcoma_review.widgets import Outliner, Viewer

packed, pack = [], wire.Part.packed
wire.Part.packed = lambda part: (packed.append(part.layer), pack(part))[1]
array = np.random.default_rng(7).integers(-1000, 1000, (40, 96, 96)).astype(np.int16)
array[:, 30:60, 30:60] = 100
affine = np.array([[0, 0, 1, -48], [0, 1, 0, -48], [2, 0, 0, -40], [0, 0, 0, 1.0]])
ct = Volume(array, affine, modality="CT", units="HU")
"""
OUTLINER = "outliner = Outliner(ct, autosave='outline.jsonl', crosshair_mm=(0, 0, 0))\noutliner"


class Wire:
    """A wire to JupyterLab that can be cut and mended: bytes go both ways, unless it is cut."""

    def __init__(self, port: int) -> None:
        self._port, self._whole, self._ends = port, True, list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole = False
        for end in self._ends:
            _close(end)
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True

    def close(self) -> None:
        self.cut()
        _close(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._port))
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may be closed from the other side
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the wire may be cut
        while data := one.recv(1 << 16):
            other.sendall(data)
    for end in (one, other):
        _close(end)


@pytest.fixture(scope="module")
def wire(lab: Lab) -> Iterator[Wire]:
    wire = Wire(int(lab.url.rsplit(":", 1)[1]))
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def notebook(context: BrowserContext, lab: Lab, wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    path = tmp_path_factory.mktemp("written") / "robust.ipynb"
    write_notebook(path, [SETTING_UP, OUTLINER, *["Viewer(ct)"] * 4])
    notebook = opened(context, replace(lab, url=f"http://127.0.0.1:{wire.port}"), path)
    notebook.run_all()
    notebook.shown(5)
    return notebook


def outliner(notebook: Notebook) -> Any:
    return notebook.page.locator(".sr-viewer").first


def voxels(notebook: Notebook) -> int:
    return int(notebook.python("int(outliner.segments[0].mask.array.sum())"))


def stroke(notebook: Notebook, steps: int = 8) -> None:
    """A stroke of the brush across the axial view."""
    outliner(notebook).locator("button[data-tool=brush]").click()
    axial = outliner(notebook).locator(".sr-pane[data-view=axial] canvas")
    axial.scroll_into_view_if_needed()
    box = axial.bounding_box()
    x, y = box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"]
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 0.2 * box["width"], y, steps=steps)
    notebook.page.mouse.up()


HELD = "() => [...globalThis[Symbol.for('sarcoma_review voxels 1')].values()].map((one) => one.stored.length)"


def test_five_viewers_of_one_volume_hold_it_once(notebook: Notebook) -> None:
    assert notebook.page.evaluate(HELD) == [40 * 96 * 96]


def test_each_part_of_the_volume_comes_to_a_page_once(
    notebook: Notebook, open_notebook: Callable[[Path], Notebook]
) -> None:
    """A page that opens late has five viewers to fill."""
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    notebook.execute("packed.clear()")
    late = open_notebook(notebook.lab.folder / "robust.ipynb")
    late.shown(5)
    assert late.page.evaluate(HELD) == [40 * 96 * 96]
    assert notebook.python("sorted(packed)") == ["pixels", "preview"]
    late.page.close()


def test_a_link_that_breaks_loses_no_stroke(notebook: Notebook, wire: Wire) -> None:
    before = voxels(notebook)
    wire.cut()
    notebook.page.wait_for_timeout(500)
    stroke(notebook)
    notebook.page.wait_for_timeout(1000)
    assert voxels(notebook) == before
    wire.mend()
    notebook.eventually(lambda: voxels(notebook) > before, True, seconds=60)
    drawn = voxels(notebook)
    notebook.page.wait_for_timeout(5000)  # it may be sent again, and must not be taken again
    assert (voxels(notebook), notebook.python("len(outliner.journal.splitlines())")) == (drawn, 2)


def test_no_message_of_a_page_comes_near_the_limit_of_the_link(notebook: Notebook) -> None:
    """JupyterLab's server drops a page that sends more than 10 MiB in one message."""
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    sent: list[int] = []
    notebook.page.on("websocket", lambda link: link.on("framesent", lambda frame: sent.append(len(frame))))
    notebook.page.reload()
    notebook.shown(5)
    before = voxels(notebook)
    notebook.execute("outliner.crosshair_mm = (0, 0, 10)")
    stroke(notebook, steps=1500)
    notebook.eventually(lambda: voxels(notebook) > before, True, seconds=30)
    assert 0 < max(sent) < 1 << 20


def test_a_page_that_does_not_follow_is_left_alone_and_comes_back(
    notebook: Notebook, open_notebook: Callable[[Path], Notebook]
) -> None:
    notebook.execute("outliner.crosshair_mm = (0, 0, 0)")
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    other = open_notebook(notebook.lab.folder / "robust.ipynb")
    other.shown(5)
    follow = outliner(other).get_by_role("button", name="Follow")
    place = outliner(other).locator(".sr-readout")
    other.eventually(lambda: str(place.text_content()).startswith("L 0.0 · P 0.0 · S 0.0"), True)
    follow.click()
    assert follow.get_attribute("aria-pressed") == "false"
    notebook.execute("outliner.crosshair_mm = (10, 0, 0)")
    other.eventually(lambda: str(outliner(notebook).locator(".sr-readout").text_content())[:6], "L 10.0")
    outliner(other).locator(".sr-pane[data-view=axial] canvas").press("ArrowDown")
    other.eventually(lambda: str(place.text_content()).startswith("L 0.0 · P 1.0 · S 0.0"), True)
    assert notebook.python("outliner.crosshair_mm") == (10.0, 0.0, 0.0)
    follow.click()
    other.eventually(lambda: str(place.text_content()).startswith("L 10.0 · P 0.0 · S 0.0"), True)
    assert other.outside == []
    other.page.close()


def test_a_kernel_that_restarts_is_told_of_and_the_cell_brings_the_outline_back(notebook: Notebook) -> None:
    notebook.execute("outliner.draw('brush', 'tumour', points=[(9, 9, 0)], axis=0, radius_mm=6, erase=False)")
    drawn = voxels(notebook)
    assert drawn > 0
    notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    words = outliner(notebook).locator(".sr-words")
    notebook.eventually(lambda: "was restarted" in str(words.text_content()), True, seconds=30)
    outliner(notebook).scroll_into_view_if_needed()
    outliner(notebook).screenshot(path=PICTURES / "kernel_gone.png")
    notebook.run_all()
    notebook.shown(5)
    assert voxels(notebook) == drawn
    assert notebook.python("outliner.findings") == ()


def test_the_saved_notebook_is_small_and_holds_no_voxel(notebook: Notebook) -> None:
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = (notebook.lab.folder / "robust.ipynb").read_text()
    assert saved.count("<Viewer CT 40 x 96 x 96>") == 4
    assert len(saved) < 50_000
    assert "image/png" not in saved


def test_no_request_leaves_this_machine(notebook: Notebook) -> None:
    assert notebook.outside == []

"""How soon ten real pages follow the presenter: until the page has heard, and until the slice it draws has changed.

python benchmarks/room_pages.py [PAGES]

The room's server, Chromium with its pages, and a presenter without a page, all on this machine: what is measured is
theirs together. A page's clock and this program's are the same.
"""

import collections
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.conftest import browsing
from tests.browser.test_room_page import Room, published
from tests.room.process import process
from tests.room.visiting import Visitor, free_port

PAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 10
MOVES, RATE, SLICES, SPACING_MM = 200, 10, 40, 2.0

SLICE = ".sr-pane[data-view=axial] canvas"
HEAR = """
const SPACING_MM = 2;
const real = window.WebSocket;
window.heard = [];
window.drawn = [];
const now = () => performance.timeOrigin + performance.now();
window.WebSocket = class extends real {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      const { t, view } = JSON.parse(data);
      if (t === "view" && view.crosshair_mm) window.heard.push([view.crosshair_mm[2] / SPACING_MM, now()]);
    });
  }
};
const slice = (canvas) => Number(canvas.getAttribute("aria-label").match(/(\\d+) \\//)[1]);
window.watch = () => {
  const canvas = document.querySelector("SLICE");
  new MutationObserver(() => window.drawn.push([slice(canvas) - 1, now()]))
    .observe(canvas, { attributeFilter: ["aria-label"] });
};
"""


def told(values: list[float], what: str) -> None:
    ordered = sorted(values)
    middle, late = statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]
    print(f"{what}: p50 {middle:.1f} ms, p95 {late:.1f} ms (target p95 30 ms), {len(values)} of {PAGES * MOVES}")


def after(noted: list[list[Any]], sent: dict[int, list[float]]) -> list[float]:
    """Milliseconds from the last time that each slice was sent."""
    earlier = [(at, [moment for moment in sent[place] if moment <= at]) for place, at in noted]
    return [at - max(moments) for at, moments in earlier if moments]


def main() -> None:
    with tempfile.TemporaryDirectory() as home, browsing() as browser, ExitStack() as stack:
        port = free_port()
        room = Room(browser, Path(home) / "data", port, members=PAGES)
        running = stack.enter_context(process(room.folder.path, port))
        published(room)
        presenter = stack.enter_context(Visitor(room.folder, running.address, "shows"))
        presenter.must("view.set", case_id="case-1", page=1)
        pages = [
            room.enter(f"m{n}", before=lambda page: page.add_init_script(HEAR.replace("SLICE", SLICE)))
            for n in range(1, PAGES + 1)
        ]
        for page in pages:
            expect(page.locator(SLICE).first).to_have_attribute("aria-label", re.compile(r"\d+ /"))
            page.evaluate("window.watch()")
        sent = collections.defaultdict[int, list[float]](list)
        for step in range(MOVES):
            place = (7 * step) % SLICES
            sent[place].append(1000 * time.time())
            presenter.send(
                "view.set", case_id="case-1", page=1, scene=0, crosshair_mm=[19.5, 19.5, SPACING_MM * place]
            )
            time.sleep(1 / RATE)
        time.sleep(2)
        told([each for page in pages for each in after(page.evaluate("window.heard"), sent)], f"{PAGES} pages heard")
        told([each for page in pages for each in after(page.evaluate("window.drawn"), sent)], "drew another slice")
        assert room.faults == [], room.faults


if __name__ == "__main__":
    main()

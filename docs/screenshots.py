"""Take the pictures of the guide, of invented patients, in a real JupyterLab and a real Chromium on this machine.

Run it from the root of the repository, with the development extra and Chromium installed; names choose among the
pictures::

    python -m docs.screenshots [NAME ...]

Nothing of the machine is shown: folders in the pictures are examples, and the PNG carry no text.
"""

import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator

from sarcoma_review.demo import SAMPLE, sample_case
from sarcoma_review.present import Case, write
from sarcoma_review.present.content import pages
from sarcoma_review.room import publish
from tests.browser import test_outcome_widgets, test_privacy_panel, test_workbench
from tests.browser.conftest import ROOT, Lab, Notebook, browsing, opened, serving, write_notebook
from tests.browser.test_room_page import CASE, Room, published, voted
from tests.room import visiting
from tests.room.visiting import free_port
from tests.workbench.raw import raw_study

PICTURES = Path(__file__).parent / "pictures"
WIDTH_PX, LARGEST_BYTES = 1400, 200_000
DAY = date(2026, 11, 22)
COLOURS = (256, 192, 144, 104, 64)
COLOURFUL = 60  # difference of channels, of 255: an outline's colour, and no grey
TIDY = """
.jp-LeftStackedPanel, .jp-SideBar, #jp-top-panel, #jp-menu-panel, #jp-bottom-panel { display: none !important }
.jp-OutputArea-output { overflow: visible !important }
"""
# What the sample patient's truth holds, as the plan of its case; positions typed by hand would be no better.
KEPT = f"""
import json
truth = json.load(open("../sample_dicom/{SAMPLE}/truth.json"))
names = ("name", "point_mm", "normal", "kerf_mm")
planes = [{{name: plane[name] for name in names}} | {{"patch_mm": None}} for plane in truth["planes"]]
bench._desk.work.keep_plans({{"A": planes}})
choices = {{"tumour": "tumour", "bone": "femur", "saw": "navigated", "outline_sd_mm": 2.0}}
bench._desk.work.folder.keep("plan", choices)
"""
EXAMPLES = {"A folder of DICOM files": "D:/export/study1", "File of the secret key": "E:/keys/case.key"}


def picture(shot: bytes, name: str) -> None:
    """Write a picture no wider than the guide's, with as many colours as fit into its size."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    if image.width > WIDTH_PX:
        image = image.resize((WIDTH_PX, round(image.height * WIDTH_PX / image.width)), Image.Resampling.LANCZOS)
    PICTURES.mkdir(exist_ok=True)
    for colours in COLOURS:
        small = image.quantize(palette=_palette(image, colours), dither=Image.Dither.NONE)
        small.save(PICTURES / f"{name}.png", optimize=True)
        if (PICTURES / f"{name}.png").stat().st_size <= LARGEST_BYTES:
            return
    raise SystemExit(f"{name}: too large for the guide; show less of it")


def _palette(image: Image.Image, colours: int) -> Image.Image:
    """The picture's colours, half of them for its thin coloured lines: counted by area, greys would take all."""
    pixels = np.asarray(image).reshape(-1, 3)
    bright = pixels[np.ptp(pixels, axis=1) > COLOURFUL]
    if not len(bright):
        return image.quantize(colours)
    weighed = np.concatenate([pixels, np.resize(bright, pixels.shape)])
    return Image.fromarray(weighed.reshape(-1, image.width, 3)).quantize(colours)


class Sitting:
    """A browser, a JupyterLab, and the case of the sample patient as its deck tells it."""

    def __init__(self, browser: Browser, lab: Lab, scratch: Path) -> None:
        self.browser, self.lab, self.scratch = browser, lab, scratch
        self.context: BrowserContext = browser.new_context(viewport={"width": 1568, "height": 1900})
        self._case: Case | None = None
        self._bench: Notebook | None = None

    @property
    def case(self) -> Case:
        """The sample patient's case."""
        self._case = self._case or sample_case(ROOT / "sample_dicom" / SAMPLE, DAY)
        return self._case

    def notebook(self, name: str, *cells: str) -> Notebook:
        """A notebook of these cells, run, without the frame of JupyterLab round it."""
        path = self.scratch / name
        write_notebook(path, cells)
        made = opened(self.context, self.lab, path, "doc/tree")
        made.page.add_style_tag(content=TIDY)
        made.run_all()
        return made

    @property
    def bench(self) -> Notebook:
        """The workbench, on its first tab."""
        if self._bench is None:
            self._bench = self.notebook("start_here.ipynb", test_workbench.CELL)
            self._bench.page.get_by_role("tab", name="Bring in").wait_for(timeout=120_000)
        return self._bench

    def of_sample(self, tab: str) -> Notebook:
        """The workbench on a tab, with the sample patient open."""
        bench = self.bench
        if bench.python("not bench._desk.is_open"):
            bench.page.get_by_role("tab", name="Bring in").click()
            words = f"sample: {SAMPLE.replace('_', ' ')}"
            test_workbench.field(bench, "A case or sample").select_option(label=words)
            test_workbench.button(bench, "Open this case").click()
            test_workbench.ready(bench, "viewer")
        test_workbench.tab(bench, tab)
        return bench


def shot(place: Locator) -> bytes:
    """A still of a place on the page, when it is at rest."""
    place.scroll_into_view_if_needed()
    place.page.wait_for_timeout(1200)
    return place.screenshot()


def workbench_shot(bench: Notebook) -> bytes:
    """The whole workbench as it stands."""
    return shot(bench.page.locator(".widget-tab").last)


def bring_in(sitting: Sitting) -> bytes:
    """A study with faults, before it is cleaned."""
    bench = sitting.bench
    place = test_workbench.field(bench, "A folder of DICOM files")
    place.fill(str(raw_study(sitting.scratch / "export")))
    place.press("Tab")
    test_workbench.button(bench, "Look through the folder").click()
    test_workbench.ready(bench, "privacy")
    bench.page.locator(".sr-privacy summary").nth(1).click()
    for words, example in EXAMPLES.items():
        test_workbench.field(bench, words).fill(example)
    return workbench_shot(bench)


def outline(sitting: Sitting) -> bytes:
    """The tumour of the study, with the tools to correct it."""
    bench = sitting.of_sample("Outline")
    bench.page.locator("select[aria-label='Segment to draw']:visible").wait_for(timeout=120_000)
    bench.page.locator("[data-tool=brush]:visible").click()
    return workbench_shot(bench)


def plan(sitting: Sitting) -> bytes:
    """Three planes round the tumour, at the place where the margin is least."""
    bench = sitting.of_sample("Browse")
    bench.execute(KEPT)
    test_workbench.tab(bench, "Plan")
    bench.page.get_by_label("Margin of posterior, mm").wait_for(timeout=120_000)
    bench.page.get_by_role("button", name="Closest point").click()
    bench.page.locator("[data-tool=planes]:visible").click()
    return workbench_shot(bench)


def deck_tab(sitting: Sitting) -> bytes:
    """What the tab says after a deck was written."""
    bench = sitting.of_sample("Case")
    test_workbench.field(bench, "Question to the meeting").fill("Can the popliteal vessels stay?")
    test_workbench.field(bench, "Site").fill("distal femur")
    test_workbench.tab(bench, "Deck")
    test_workbench.button(bench, "Write HTML").click()
    bench.page.get_by_role("status").filter(has_text="_before.html").wait_for(timeout=120_000)
    return workbench_shot(bench)


def deck(sitting: Sitting) -> bytes:
    """The page of a deck on which the images can be scrolled."""
    file = write(sitting.case, sitting.scratch / "deck.html")
    page = sitting.browser.new_page(viewport={"width": WIDTH_PX, "height": 788})
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    while not page.locator("section[data-shown] .scene").count():
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("section[data-shown] [data-state=ready]")
    page.wait_for_timeout(1200)
    return page.screenshot()


def room(sitting: Sitting) -> bytes:
    """The chair's page, the images in the middle, while opinions are given."""
    made = Room(sitting.browser, sitting.scratch / "room", free_port())
    shown = sorted(pages(sitting.case), key=lambda page: page.title != "The patient")  # which `published` waits for
    made.manifest = publish(shown, made.folder.path, case_id=CASE).manifest
    with visiting.serving(made.folder, port=made.port):
        chair = published(made)
        chair.set_viewport_size({"width": WIDTH_PX, "height": 860})
        presenter, *members = (made.enter(name) for name in ("shows", "m1", "m2"))
        chair.get_by_role("button", name="Open the ballot").click()
        for page, choice in zip(members, ("Yes", "No"), strict=True):
            voted(page, choice)
        while not chair.locator(".sr-viewer:visible").count():
            presenter.get_by_role("button", name="Next page").click()
            chair.wait_for_timeout(300)
        chair.wait_for_selector(".sr-viewer[data-state=ready]", timeout=60_000)
        chair.wait_for_timeout(1200)
        taken = chair.screenshot()
        for context in sitting.browser.contexts:
            if context is not sitting.context:
                context.close()
    return taken


def dashboard(sitting: Sitting) -> bytes:
    """The first pictures of an invented network, as far as they may be shared."""
    notebook = sitting.notebook("outcomes.ipynb", test_outcome_widgets.SETTING_UP, "shared")
    notebook.shown(1)
    notebook.page.wait_for_timeout(1500)
    whole = notebook.page.locator(".sr-dashboard").bounding_box()
    first_row = notebook.page.locator(".sr-outcome").nth(1).bounding_box()
    assert whole
    assert first_row
    height = first_row["y"] + first_row["height"] - whole["y"] + 8
    return notebook.page.screenshot(
        clip={"x": whole["x"], "y": whole["y"], "width": whole["width"], "height": height}
    )


def contact_sheet(sitting: Sitting) -> bytes:
    """Two films with an invented name on them, to be looked at and signed."""
    notebook = sitting.notebook("privacy.ipynb", test_privacy_panel.SETTING_UP, "panel")
    notebook.shown(1)
    place = notebook.page.locator(".sr-privacy .sr-contact")
    notebook.eventually(lambda: place.locator(".sr-picture img").count(), 2, 60.0)
    return shot(place)


TAKEN: dict[str, Callable[[Sitting], bytes]] = {
    "bring-in": bring_in,
    "outline": outline,
    "plan": plan,
    "deck-tab": deck_tab,
    "deck": deck,
    "room": room,
    "dashboard": dashboard,
    "contact-sheet": contact_sheet,
}


@contextmanager
def sitting() -> Iterator[Sitting]:
    """A browser and a JupyterLab with the sample patients beside its notebooks."""
    with tempfile.TemporaryDirectory() as scratch, browsing() as browser:
        home = Path(scratch, "lab")
        home.mkdir()
        (home / "sample_dicom").symlink_to(ROOT / "sample_dicom")
        with serving(home) as lab:
            yield Sitting(browser, lab, Path(scratch))


def main(names: list[str]) -> None:
    """Take the pictures that are named, or all."""
    with sitting() as place:
        for name in names or list(TAKEN):
            picture(TAKEN[name](place), name)
            print(name, (PICTURES / f"{name}.png").stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])

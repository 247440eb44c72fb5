"""The workbench as a new user goes through it: from a folder of DICOM files to a deck, and on after a restart."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.browser.conftest import PICTURES, ROOT, Lab, Notebook, write_notebook
from tests.privacy.case import NAME
from tests.room.visiting import made
from tests.workbench.raw import raw_study

pytestmark = pytest.mark.browser

CELL = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import sarcoma_review as sr; bench = sr.review(); bench"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raw_study(tmp_path_factory.mktemp("hospital") / "export")


@pytest.fixture(scope="module")
def notebook(open_notebook: Callable[[Path], Notebook], tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    path = tmp_path_factory.mktemp("written") / "start.ipynb"
    write_notebook(path, [CELL])
    notebook = open_notebook(path)
    notebook.run_all()
    notebook.page.get_by_role("tab", name="Bring in").wait_for(timeout=120_000)
    return notebook


def tab(notebook: Notebook, name: str) -> None:
    notebook.page.get_by_role("tab", name=name, exact=True).click()


def picture(notebook: Notebook, name: str) -> None:
    notebook.page.wait_for_timeout(400)
    notebook.page.locator(".jp-OutputArea-output").last.screenshot(path=PICTURES / f"workbench_{name}.png")


def said(notebook: Notebook) -> str:
    lines = [line.inner_text() for line in notebook.page.get_by_role("status").all() if line.is_visible()]
    return " ".join(lines)


def field(notebook: Notebook, words: str) -> Locator:
    return notebook.page.get_by_label(words, exact=True).last


def button(notebook: Notebook, words: str) -> Locator:
    return notebook.page.get_by_role("button", name=words, exact=True)


def ready(notebook: Notebook, kind: str) -> None:
    notebook.page.locator(f".sr-{kind}[data-state=ready]:visible").first.wait_for(timeout=120_000)


def test_a_folder_is_cleaned_and_opens(notebook: Notebook, export: Path, lab: Lab) -> None:
    picture(notebook, "1_start")
    field(notebook, "A folder of DICOM files").fill(str(export))
    field(notebook, "A folder of DICOM files").press("Tab")
    button(notebook, "Look through the folder").click()
    ready(notebook, "privacy")
    assert NAME not in notebook.page.locator(".sr-privacy").inner_text()
    picture(notebook, "2_faults")
    field(notebook, "File of the secret key").fill(str(export.parent / "secret" / "case.key"))
    field(notebook, "File of the secret key").press("Tab")
    button(notebook, "Clean a copy and open it").click()
    ready(notebook, "browser")
    ready(notebook, "viewer")
    picture(notebook, "3_browse")
    assert len(list((lab.folder / "cases").glob("case-*/dicom"))) == 1


def test_the_tumour_of_the_study_is_there_to_be_corrected(notebook: Notebook) -> None:
    tab(notebook, "Outline")
    ready(notebook, "viewer")
    notebook.page.locator("select[aria-label='Segment to draw']:visible").wait_for()
    assert "tumour" in notebook.page.locator("select[aria-label='Segment to draw']:visible").inner_text()
    picture(notebook, "4_outline")


def test_a_plane_is_moved_by_its_margin(notebook: Notebook) -> None:
    tab(notebook, "Plan")
    margin = notebook.page.get_by_label("Margin of cut 1, mm")
    margin.wait_for(timeout=60_000)
    margin.fill("12")
    margin.press("Enter")
    notebook.eventually(lambda: notebook.python("round(bench.plan.planner.report.minimum_mm, 1)"), 12.0)
    picture(notebook, "5_plan")


def test_an_answer_is_recorded(notebook: Notebook) -> None:
    tab(notebook, "Pathway")
    ready(notebook, "caseform")
    notebook.page.locator(".sr-caseform input[type=radio]:visible").first.click()
    notebook.eventually(lambda: notebook.python("len(bench.pathway._form.facts)"), 1)
    picture(notebook, "6_pathway")


def test_the_case_is_written_and_shown_as_a_deck(notebook: Notebook, lab: Lab) -> None:
    tab(notebook, "Case")
    field(notebook, "Question to the meeting").fill("Is one cut enough?")
    field(notebook, "History").fill("Six weeks of pain.")
    field(notebook, "Site").fill("distal femur")
    button(notebook, "Keep the three views of the least margin").click()
    notebook.eventually(lambda: notebook.page.locator("figure img:visible").count(), 3)
    picture(notebook, "7_case")
    tab(notebook, "Deck")
    for kind in ("HTML", "PPTX", "PDF"):
        button(notebook, f"Write {kind}").click()
        written = f"_before.{kind.lower()}"
        notebook.page.get_by_role("status").filter(has_text=written).wait_for(timeout=60_000)
        assert len(list((lab.folder / "cases").glob(f"case-*/*{written}"))) == 1
    room = made(lab.folder / "room").path
    field(notebook, "Meeting room's folder").fill(str(room))
    field(notebook, "Meeting room's folder").press("Tab")
    button(notebook, "Make ready in the room").click()
    notebook.page.get_by_role("status").filter(has_text="stand ready").wait_for(timeout=60_000)
    assert (room / "images" / field(notebook, "Fingerprint").input_value()).is_file()
    picture(notebook, "8_deck")
    deck = next((lab.folder / "cases").glob("case-*/*_before.html")).read_text(encoding="utf-8")
    assert "Is one cut enough?" in deck
    assert NAME not in deck


def test_an_outcome_can_be_followed(notebook: Notebook) -> None:
    tab(notebook, "Outcomes")
    ready(notebook, "tracker")
    picture(notebook, "9_outcomes")


def test_after_a_restart_the_case_goes_on_where_it_stopped(notebook: Notebook) -> None:
    tab(notebook, "Case")
    notebook.eventually(lambda: notebook.python("bench.tab"), "Case")
    notebook.page.evaluate(
        "async () => { const s = window.jupyterapp.shell.currentWidget.sessionContext.session;"
        " await s.kernel.restart(); }"
    )
    notebook.run_all()
    begun = notebook.page.get_by_label("A case or sample", exact=True).last
    begun.wait_for(timeout=120_000)
    begun.select_option(index=1)
    button(notebook, "Open this case").last.click()
    notebook.eventually(lambda: notebook.python("bench.tab"), "Case", 60.0)
    notebook.eventually(lambda: field(notebook, "History").input_value(), "Six weeks of pain.")
    notebook.eventually(lambda: notebook.page.locator("figure img:visible").count(), 3)
    tab(notebook, "Plan")
    margin = notebook.page.get_by_label("Margin of cut 1, mm").last
    notebook.eventually(lambda: margin.is_visible() and abs(float(margin.input_value()) - 12.0) < 0.1, True)
    tab(notebook, "Pathway")
    notebook.eventually(lambda: notebook.python("bench.pathway._form and len(bench.pathway._form.facts)"), 1)
    assert notebook.outside == []


def test_a_mistake_is_one_line_and_no_traceback(notebook: Notebook) -> None:
    tab(notebook, "Bring in")
    field(notebook, "A folder of DICOM files").fill("nowhere")
    field(notebook, "A folder of DICOM files").press("Tab")
    button(notebook, "Look through the folder").last.click()
    notebook.eventually(lambda: "expected a folder of DICOM files" in said(notebook), True)
    assert "Traceback" not in notebook.page.locator(".jp-Notebook").inner_text()

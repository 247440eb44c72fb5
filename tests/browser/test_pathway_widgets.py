"""The case form, the pathway panel and the pictures to click on, in a real JupyterLab page."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import Notebook, write_notebook

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "output" / "browser"
SETTING_UP = """
from datetime import date
import sarcoma_review as sr
from sarcoma_review.widgets import CaseForm, PathwayPanel, link, pelvic_zones, wbb_clock
documents = [sr.load_pathway(name) for name in ("lsesn-spinal-2024", "bone-sarcoma-network")]
start = {"network": "LSESN", "adult": True, "status": "confirmed", "site": "spine", "tissue": "bone"}
today, kept = date(2026, 11, 22), []
form = CaseForm(documents, start, on=today, record=kept.append)
panel = PathwayPanel(documents, start, on=today, record=kept.append)
link(form, panel)
clock = wbb_clock(numbering="SOSG", levels=("T1",))
pelvis = pelvic_zones()
"""
STARTING_ANEW = """
for key in set(form.facts) | set(start):
    form.answer(key, start.get(key))
form._before.clear()
form._tell()
panel.mark_seen()
kept.clear()
clock.chosen = pelvis.chosen = ()
"""


@pytest.fixture(scope="module")
def notebook(open_notebook: Callable[[Path], Notebook], tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    path = tmp_path_factory.mktemp("written") / "pathway.ipynb"
    write_notebook(path, [SETTING_UP, "form", "panel", "clock", "pelvis"])
    notebook = open_notebook(path)
    notebook.run_all()
    for name, count in (("caseform", 1), ("pathways", 1), ("zones", 2)):
        ready = f"() => document.querySelectorAll('.sr-{name}[data-state=ready]').length === {count}"
        notebook.page.wait_for_function(ready, timeout=120_000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    return notebook


@pytest.fixture(autouse=True)
def as_at_the_start(notebook: Notebook) -> None:
    notebook.page.evaluate("() => document.activeElement?.blur()")
    notebook.execute(STARTING_ANEW)
    notebook.eventually(lambda: notebook.page.locator(".sr-formbar button").inner_text(), "Undo")


def question(notebook: Notebook, key: str) -> Any:
    field = notebook.page.locator(f".sr-question[data-key='{key}']")
    field.evaluate("(field) => { const fold = field.closest('details'); if (fold) fold.open = true; }")
    return field


def card(notebook: Notebook, rule: str) -> Any:
    return notebook.page.locator(f".sr-rule[data-rule={rule}]")


def fact(notebook: Notebook, key: str) -> Any:
    return notebook.python(f"form.facts.get({key!r})")


def test_an_answer_reaches_python_the_journal_and_the_card(notebook: Notebook) -> None:
    assert card(notebook, "L04").get_attribute("data-status") == "not_recorded"
    question(notebook, "lss_mdt").get_by_label("before", exact=True).click()
    notebook.eventually(lambda: fact(notebook, "lss_mdt"), "before")
    notebook.eventually(lambda: card(notebook, "L04").get_attribute("data-status"), "met")
    assert "changed, was not recorded" in card(notebook, "L04").inner_text()
    assert notebook.python("[(event.kind, event.fact, event.value) for event in kept]") == [
        ("case_fact", "lss_mdt", "before")
    ]


def test_a_fact_is_set_back_to_not_recorded(notebook: Notebook) -> None:
    question(notebook, "tissue").get_by_label("not recorded").click()
    notebook.eventually(lambda: "tissue" in notebook.python("form.facts"), False)
    notebook.eventually(lambda: card(notebook, "L03").get_attribute("data-status"), "applicability_unknown")
    assert question(notebook, "tissue").get_by_label("not recorded").is_checked()


def test_undo_takes_the_last_answer_back_with_the_mouse_and_the_keyboard(notebook: Notebook) -> None:
    button = notebook.page.locator(".sr-formbar button")
    assert button.is_disabled()
    question(notebook, "surgery").get_by_label("yes", exact=True).click()
    notebook.eventually(lambda: button.inner_text(), "Undo: surgery")
    button.click()
    notebook.eventually(lambda: (fact(notebook, "surgery"), button.is_disabled()), (None, True))
    question(notebook, "surgery").get_by_label("no", exact=True).click()
    notebook.eventually(lambda: fact(notebook, "surgery"), False)
    notebook.page.keyboard.press("Control+z")
    notebook.eventually(lambda: fact(notebook, "surgery"), None)


def test_the_keyboard_alone_answers_and_arrows_on_the_way_are_not_recorded(notebook: Notebook) -> None:
    first = notebook.page.locator(".sr-caseform .sr-question").first
    key = first.get_attribute("data-key")
    first.locator("input:checked").focus()
    notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("ArrowRight")
    notebook.page.keyboard.press("ArrowLeft")
    notebook.eventually(lambda: fact(notebook, str(key)) is not None, True)
    assert notebook.python("len(kept)") == 1
    assert first.evaluate("(field) => field.contains(document.activeElement)") is True


def test_leaving_a_question_by_tab_records_the_answer_at_once(notebook: Notebook) -> None:
    field = question(notebook, "emergency")
    field.locator("input:checked").focus()
    notebook.page.keyboard.press("ArrowRight")
    for _ in ("the rules that wait", "the next question"):
        notebook.page.keyboard.press("Tab")
    notebook.eventually(lambda: fact(notebook, "emergency"), True)
    assert field.evaluate("(field) => field.contains(document.activeElement)") is False


def test_a_number_is_entered_with_its_unit_and_a_word_is_refused(notebook: Notebook) -> None:
    field = question(notebook, "bone_cases_a_year")
    box = field.get_by_role("textbox")
    assert "cases a year" in field.inner_text()
    box.fill("50")
    box.press("Enter")
    notebook.eventually(lambda: fact(notebook, "bone_cases_a_year"), 50)
    box.fill("many")
    box.press("Tab")
    status = notebook.page.locator(".sr-caseform .sr-words")
    notebook.eventually(lambda: status.inner_text(), "Not recorded: expected a number of cases a year")
    assert fact(notebook, "bone_cases_a_year") == 50
    field.get_by_role("button", name="not recorded").click()
    notebook.eventually(lambda: fact(notebook, "bone_cases_a_year"), None)


def test_a_need_of_a_card_leads_to_its_question(notebook: Notebook) -> None:
    need = card(notebook, "L14").get_by_role("button", name="tissue for pathology")
    need.focus()
    notebook.page.keyboard.press("Enter")
    held = "() => document.activeElement?.closest('fieldset')?.dataset.key"
    notebook.eventually(lambda: notebook.page.evaluate(held), "pathology_available")
    assert question(notebook, "pathology_available").is_visible()


def test_marking_as_seen_clears_the_changes_and_is_kept(notebook: Notebook) -> None:
    changes = notebook.page.locator(".sr-panelbar .sr-count")
    notebook.execute("form.answer('referred_to_specialist_centre', True)")
    notebook.eventually(lambda: changes.inner_text(), "1 rule changed since the last look")
    notebook.page.get_by_role("button", name="Mark as seen").click()
    notebook.eventually(lambda: changes.inner_text(), "Nothing changed since the last look")
    kinds = notebook.python("[(event.kind, getattr(event, 'pathway', '')) for event in kept[1:]]")
    assert kinds == [("pathway_seen", "lsesn-spinal-2024"), ("pathway_seen", "bone-sarcoma-network")]


def test_what_is_folded_stays_folded_and_the_keyboard_stays_where_it_is(notebook: Notebook) -> None:
    fold = notebook.page.locator("details[data-key='lsesn-spinal-2024 Should']")
    heading = fold.locator("> summary")
    heading.focus()
    notebook.page.keyboard.press("Enter")
    notebook.execute("form.answer('referred_to_specialist_centre', True)")
    notebook.eventually(lambda: card(notebook, "L01").get_attribute("data-status"), "met")
    assert fold.get_attribute("open") is None
    assert heading.evaluate("(summary) => summary === document.activeElement") is True
    heading.press("Enter")
    assert card(notebook, "L03").is_visible()


def test_every_card_has_a_word_a_sign_a_source_and_the_review_date(notebook: Notebook) -> None:
    words = card(notebook, "L03").inner_text()
    assert "Key messages, 1; version 2, approved 22 March 2024, review due March 2026: past its review date" in words
    for each in notebook.page.locator(".sr-rule").all():
        assert each.locator(".sr-mark").inner_text().strip()
        assert each.locator(".sr-status").inner_text().strip()
        assert "review" in each.locator(".sr-source").inner_text()


def test_what_python_answers_shows_on_the_page(notebook: Notebook) -> None:
    notebook.execute("form.answer('adult', False)")
    notebook.eventually(lambda: card(notebook, "G1").get_attribute("data-status"), "redirected")
    assert question(notebook, "adult").get_by_label("no", exact=True).is_checked()


def test_a_field_of_the_clock_is_chosen_by_click_and_by_keyboard(notebook: Notebook) -> None:
    clock = notebook.page.locator(".sr-zones").first
    clock.get_by_role("checkbox", name="sector 5, layer B").click()
    notebook.eventually(lambda: notebook.python("sorted(clock.chosen)"), ["5B"])
    for key in ("ArrowRight", "Space", "ArrowUp", "Enter"):
        notebook.page.keyboard.press(key)
    notebook.eventually(lambda: notebook.python("sorted(clock.chosen)"), ["5B", "6A", "6B"])
    said = "WBB (SOSG numbering): sectors 5 to 6, layers A, B, levels T1"
    notebook.eventually(lambda: clock.locator(".sr-zonewords").inner_text(), said)
    assert notebook.python("str(clock.value)") == said
    clock.screenshot(path=PICTURES / "wbb_clock.png")
    clock.get_by_role("button", name="Clear").click()
    notebook.eventually(lambda: notebook.python("clock.value"), None)


def test_pelvic_zones_give_what_staging_takes(notebook: Notebook) -> None:
    pelvis = notebook.page.locator(".sr-zones").nth(1)
    for name in ("zone II: around", "zone III: pubic"):
        pelvis.get_by_role("checkbox", name=name).focus()
        notebook.page.keyboard.press("Space")
    asked = "str(sr.staging.pelvic_resection_type(pelvis.value).value)"
    notebook.execute("import sarcoma_review.staging")
    notebook.eventually(lambda: notebook.python(f"bool(pelvis.value) and {asked}"), "II + III")
    assert pelvis.get_by_text("Pelvic zones II, III", exact=True).is_visible()
    pelvis.screenshot(path=PICTURES / "pelvic_zones.png")


def test_the_saved_notebook_holds_words_and_no_answer_in_its_state(notebook: Notebook) -> None:
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = notebook.lab.folder / "pathway.ipynb"
    notebook.eventually(lambda: "<CaseForm lsesn-spinal-2024" in saved.read_text(), True)
    content = json.loads(saved.read_text())
    kinds = {kind for cell in content["cells"] for out in cell["outputs"] for kind in out["data"]}
    assert kinds == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert "confirmed" not in json.dumps(content["metadata"])


def test_they_can_be_read_in_dark_and_narrow(notebook: Notebook) -> None:
    notebook.execute("form.answer('surgery', True); form.answer('operator', 'core'); form.answer('lss_mdt', 'no')")
    notebook.eventually(lambda: card(notebook, "L11").get_attribute("data-status"), "conflict")
    names = {"caseform": "form", "pathways": "panel"}
    notebook.page.set_viewport_size({"width": 1440, "height": 3000})
    light = {name: _ink_and_ground(notebook, name, f"{short}_light.png") for name, short in names.items()}
    with notebook.dark():
        dark = {name: _ink_and_ground(notebook, name, f"{short}_dark.png") for name, short in names.items()}
    for name in names:
        assert light[name][1] > 240 > 60 > dark[name][1]
    notebook.page.set_viewport_size({"width": 560, "height": 900})
    for name, short in names.items():
        widget = notebook.page.locator(f".sr-{name}")
        widget.screenshot(path=PICTURES / f"{short}_narrow.png")
        assert widget.evaluate("(root) => root.scrollWidth <= root.clientWidth") is True
    notebook.page.set_viewport_size({"width": 1440, "height": 1000})


def _ink_and_ground(notebook: Notebook, name: str, picture: str) -> tuple[float, float]:
    """Brightness of the darkest writing and of the ground."""
    widget = notebook.page.locator(f".sr-{name}")
    widget.scroll_into_view_if_needed()
    notebook.page.wait_for_timeout(400)
    widget.screenshot(path=PICTURES / picture)
    one = widget.locator("fieldset, .sr-rule").first
    seen = np.asarray(Image.open(io.BytesIO(one.screenshot())).convert("L")).astype(int)
    return float(seen.min()), float(np.median(seen))


def test_no_request_left_this_machine(notebook: Notebook) -> None:
    assert notebook.outside == []

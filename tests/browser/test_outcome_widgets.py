"""The outcome tracker and the dashboard in a real JupyterLab page, on an invented network."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import PICTURES, Notebook

pytestmark = pytest.mark.browser

SETTING_UP = """
from datetime import date
import numpy as np
from sarcoma_review.outcomes import Benchmark
from sarcoma_review.registry import Outcome, Registry
from sarcoma_review.registry.dashboard_data import read_dashboard
from sarcoma_review.registry.synthetic import synthetic_network
from sarcoma_review.widgets import Dashboard, OutcomeTracker
today = date(2026, 11, 22)
registry = Registry.open(":memory:")
for case_id, events in synthetic_network(np.random.default_rng(8), as_of=today, centres={"CA": 60, "CB": 90}).items():
    for event in events:
        registry.append(case_id, event, author="surgeon-1")
benchmarks = {name: Benchmark(0.08, "invented") for name in ("local_recurrence", "metastasis")}
data = read_dashboard(registry, as_of=today)
tracker = OutcomeTracker.of(registry, "ca-4", on=today, author="surgeon-1")
shared = Dashboard(data, as_of=today, benchmarks=benchmarks)
inside = Dashboard(data, as_of=today, benchmarks=benchmarks, audience="centre")
"""


@pytest.fixture(scope="module")
def notebook(open_written: Callable[..., Notebook]) -> Notebook:
    return open_written("outcomes.ipynb", SETTING_UP, "tracker", "shared", "inside")


def tracker(notebook: Notebook) -> Any:
    return notebook.page.locator(".sr-tracker")


def dashboard(notebook: Notebook, which: int) -> Any:
    return notebook.page.locator(".sr-dashboard").nth(which)


def kinds(notebook: Notebook) -> Any:
    return notebook.python("[entry.event.kind for entry in registry.history('ca-4')]")


def test_two_clicks_record_an_event(notebook: Notebook) -> None:
    before = len(kinds(notebook))
    tracker(notebook).get_by_role("button", name="Metastasis", exact=True).click()
    tracker(notebook).get_by_role("button", name="Record", exact=True).click()
    notebook.eventually(lambda: len(kinds(notebook)), before + 1)
    assert notebook.python("registry.case('ca-4').outcomes[-1].type") == "metastasis"
    last = tracker(notebook).locator(".sr-line li").last
    notebook.eventually(lambda: last.locator("b").inner_text(), "metastasis")
    assert last.locator("time").inner_text() == "22 November 2026"


def test_a_month_and_a_doubt_are_recorded_by_keyboard_alone(notebook: Notebook) -> None:
    tracker(notebook).get_by_role("button", name="Local recurrence", exact=True).focus()
    notebook.page.keyboard.press("Enter")
    form = tracker(notebook).locator("form")
    form.get_by_label("Date", exact=True).fill("2026-10-01")
    form.get_by_label("Date known to").select_option("month")
    form.get_by_label("Certainty").select_option("probable")
    form.get_by_label("Note").press("Enter")
    asked = "[(o.type, o.precision, o.certainty) for o in registry.case('ca-4').outcomes][-1]"
    notebook.eventually(lambda: notebook.python(asked), ("local_recurrence", "month", "probable"))
    notebook.eventually(lambda: tracker(notebook).get_by_text("October 2026", exact=True).count(), 1)


def test_a_correction_needs_a_reason_and_leaves_what_was_there(notebook: Notebook) -> None:
    line = tracker(notebook).locator(".sr-line li[data-group=seen]").first
    line.get_by_role("button").click()
    form = tracker(notebook).locator("form")
    form.get_by_role("button", name="Take back").click()
    notebook.eventually(lambda: "needs its reason" in tracker(notebook).locator(".sr-words").inner_text(), True)
    form.get_by_label("Reason").fill("another patient")
    form.get_by_role("button", name="Take back").click()
    notebook.eventually(lambda: line.get_attribute("data-stands"), "false")
    assert "another patient" in line.inner_text()
    assert kinds(notebook)[-1] == "correction"


def test_the_second_editor_is_told_what_the_first_wrote(notebook: Notebook) -> None:
    written = "Outcome(type='loosening', on_date=date(2026, 9, 1), precision='month')"
    notebook.execute(f"registry.append('ca-4', {written}, author='surgeon-2')")
    before = len(kinds(notebook))
    tracker(notebook).get_by_role("button", name="Amputation", exact=True).click()
    tracker(notebook).get_by_role("button", name="Record", exact=True).click()
    words = tracker(notebook).locator(".sr-words")
    notebook.eventually(lambda: "loosening, September 2026 by surgeon-2" in words.inner_text(), True)
    assert len(kinds(notebook)) == before
    notebook.eventually(lambda: tracker(notebook).get_by_text("September 2026", exact=True).count(), 1)


def test_every_picture_is_there_with_its_words(notebook: Notebook) -> None:
    seen = dashboard(notebook, 0).locator("img")
    assert seen.count() >= 5
    for picture in seen.all():
        assert len(picture.get_attribute("alt")) > 20
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 600") is True
    assert dashboard(notebook, 0).get_by_text("every step of this chart is one patient").count() == 1
    assert dashboard(notebook, 1).locator("img").count() == 7


def test_another_endpoint_is_drawn_when_it_is_asked_for(notebook: Notebook) -> None:
    dashboard(notebook, 1).get_by_role("combobox", name="Endpoint").select_option("metastasis")
    title = dashboard(notebook, 1).locator("h4").first
    notebook.eventually(lambda: title.text_content(), "Risk of metastasis from the operation")
    dashboard(notebook, 1).get_by_role("combobox", name="Operation by operation").select_option("CA")
    heading = dashboard(notebook, 1).get_by_role("heading", name="Metastasis, operation by operation: CA")
    notebook.eventually(heading.count, 1)
    assert notebook.python("inside.endpoint") == "metastasis"


def test_both_can_be_read_in_dark_and_narrow(notebook: Notebook) -> None:
    theme = "(name) => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })"
    for name, size in (("Light", 1440), ("Dark", 1440), ("Light", 620)):
        notebook.page.set_viewport_size({"width": size, "height": 2600})  # all of a widget in sight
        notebook.page.evaluate(theme, f"JupyterLab {name}")
        dark = str(name == "Light").lower()
        notebook.page.wait_for_selector(f"body[data-jp-theme-light={dark}]", state="attached")
        widgets = {
            "tracker": tracker(notebook),
            "dashboard": dashboard(notebook, 0),
            "inside": dashboard(notebook, 1),
        }
        for label, widget in widgets.items():
            widget.scroll_into_view_if_needed()
            notebook.page.wait_for_timeout(300)
            picture = widget.screenshot(path=PICTURES / f"{label}_{name.lower()}_{size}.png")
            grey = np.asarray(Image.open(io.BytesIO(picture)).convert("L")).astype(int)
            assert grey.max() - grey.min() > 180
            assert widget.evaluate("(root) => root.scrollWidth <= root.clientWidth") is True
    notebook.page.set_viewport_size({"width": 1440, "height": 1000})


def test_no_request_left_this_machine(notebook: Notebook) -> None:
    assert notebook.outside == []

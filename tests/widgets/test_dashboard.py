from datetime import date
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes import Benchmark
from sarcoma_review.present.outcome_figures import outcome_figure
from sarcoma_review.registry import Consent, Registry
from sarcoma_review.registry.dashboard_data import DashboardData, read_dashboard
from sarcoma_review.registry.synthetic import synthetic_network
from sarcoma_review.widgets import Dashboard

CUT = date(2026, 11, 22)
BENCHMARKS = {"local_recurrence": Benchmark(0.08, "invented")}


@pytest.fixture(scope="module")
def data() -> DashboardData:
    registry = Registry.open(":memory:")
    network = synthetic_network(np.random.default_rng(8), as_of=CUT, centres={"CA": 25, "CB": 70})
    for case_id, events in network.items():
        for event in events:
            registry.append(case_id, event)
    registry.append("ca-1", Consent(given=False, scope="audit", on_date=CUT))
    return read_dashboard(registry, as_of=CUT)


def told(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, **words: object) -> dict[str, Any]:
    heard = list[dict[str, Any]]()
    monkeypatch.setattr(dashboard, "send", lambda words, _buffers=(): heard.append(words))
    dashboard._handle_custom_msg({"page": "a", **words}, [])
    return heard[-1]


def test_every_picture_has_words_and_a_table_beside_it(data: DashboardData, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = told(Dashboard(data, as_of=CUT, benchmarks=BENCHMARKS, audience="centre"), monkeypatch, t="hello")
    assert len(shown["panels"]) == 7
    for panel in shown["panels"]:
        assert panel["picture"].startswith("data:image/png;base64,")
        assert len(panel["alt"]) > 20
        assert all(len(row) == len(panel["heads"]) for row in panel["rows"])
        assert panel["rows"]


def test_nothing_that_is_shared_holds_a_count_of_one_to_seven(data: DashboardData) -> None:
    panels = Dashboard(data, as_of=CUT, benchmarks=BENCHMARKS).panels
    small = {str(number) for number in range(1, 8)}
    for panel in panels[3:]:
        assert not small & {row[1] for row in panel.rows}, panel.title
    assert not small & {cell for row in panels[1].rows for cell in row[1:3]}
    assert "*" in {row[1] for row in panels[1].rows}


def test_a_chart_of_one_patient_a_step_is_not_shared(data: DashboardData) -> None:
    panel = Dashboard(data, as_of=CUT, benchmarks=BENCHMARKS).panels[2]
    assert panel.withheld == "not drawn for sharing: every step of this chart is one patient"
    assert vars(panel)["chart"] is None


def test_who_refused_is_in_no_number(data: DashboardData) -> None:
    assert "ca-1" not in data.known.opened
    assert not [finding for finding in data.findings if finding.case_id == "ca-1"]
    assert Dashboard(data, as_of=CUT, audience="centre").panels[0].lines[0].startswith("94 cases, ")


def test_another_endpoint_is_shown_to_every_page(data: DashboardData, monkeypatch: pytest.MonkeyPatch) -> None:
    dashboard = Dashboard(data, as_of=CUT, benchmarks=BENCHMARKS)
    shown = told(dashboard, monkeypatch, t="show", endpoint="metastasis", centre="CB")
    assert "to" not in shown
    assert (shown["endpoint"], shown["centre"]) == ("metastasis", "CB")
    assert shown["panels"][0]["title"] == "Risk of metastasis from the operation"
    assert shown["panels"][1]["withheld"].startswith("no benchmark is given")


def test_a_page_that_asks_for_what_is_not_there_is_told_so(
    data: DashboardData, monkeypatch: pytest.MonkeyPatch
) -> None:
    dashboard = Dashboard(data, as_of=CUT)
    assert (
        "no such centre; there are CA, CB"
        in told(dashboard, monkeypatch, t="show", endpoint="metastasis", centre="X")["words"]
    )
    assert dashboard.endpoint == "local_recurrence"
    with pytest.raises(OutcomeError, match="no such endpoint; there are amputation"):
        dashboard.show("cure")
    with pytest.raises(OutcomeError, match="the audience is shared or centre; found public"):
        Dashboard(data, as_of=CUT, audience="public")  # type: ignore[arg-type]


def test_the_stored_notebook_holds_tables_and_no_picture(data: DashboardData) -> None:
    bundle = Dashboard(data, as_of=CUT, benchmarks=BENCHMARKS)._repr_mimebundle_()
    assert bundle is not None
    html = bundle[0]["text/html"]
    assert "counts of 1 to 7 are shown as *" in html
    assert "<table>" in html
    assert "<img" not in html
    for word in ("recommends", "compliant", "safe margin", "predicts", "league"):
        assert word not in html


def test_what_stays_is_drawn_once(data: DashboardData, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Mock(wraps=outcome_figure)
    monkeypatch.setattr("sarcoma_review.widgets.dashboard.outcome_figure", draw)
    shown = Dashboard(data, as_of=CUT, benchmarks=BENCHMARKS, audience="centre")
    told(shown, monkeypatch, t="hello")
    told(shown, monkeypatch, t="show", endpoint="metastasis", centre="")
    drawn = [call.args[0].title for call in draw.call_args_list]
    assert [drawn.count(panel.title) for panel in shown.panels[3:]] == [1, 1, 1, 1]

"""Answers, looks and the Ewing page: written to a registry, read back, corrected."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from sarcoma_review.pathways import load_pathway
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.registry import CaseFact, CaseOpened, Correction, Estimate, EwingPage, PathwaySeen, Registry
from sarcoma_review.registry.events import EVENT
from sarcoma_review.staging import OutsideEstimate
from sarcoma_review.widgets import CaseForm, PathwayPanel, link

TODAY = date(2026, 11, 22)
SPINE = load_pathway("lsesn-spinal-2024")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(str(tmp_path / "cases.sqlite"), clock=lambda: datetime(2026, 11, 22, tzinfo=UTC))
    opened.append("A", CaseOpened(question="Where?"))
    yield opened
    opened.close()


def test_a_form_and_a_panel_write_to_the_registry_and_go_on_from_it(registry: Registry) -> None:
    form = CaseForm(SPINE, on=TODAY, record=lambda event: registry.append("A", event))
    panel = PathwayPanel(SPINE, on=TODAY, record=lambda event: registry.append("A", event))
    link(form, panel)
    form.answer("network", "LSESN")
    form.answer("adult", True)
    form.undo()
    panel.mark_seen()
    form.answer("status", "confirmed")
    record = registry.case("A")
    again = CaseForm(SPINE, {fact.fact: fact.value for fact in record.of(CaseFact)}, on=TODAY)
    assert again.facts == form.facts == {"network": "LSESN", "status": "confirmed"}
    later = PathwayPanel(SPINE, again.facts, on=TODAY, seen=record.of(PathwaySeen))
    assert [str(change) for change in later.changes] == [str(change) for change in panel.changes] != []
    assert registry.verify() == []


@pytest.mark.parametrize("value", [True, False, 0, 2.5, "core", None])
def test_a_value_reads_back_as_it_was_written(registry: Registry, value: bool | float | str | None) -> None:
    registry.append("A", CaseFact(fact="x", value=value, asked_by=("p, version 1",), on_date=TODAY))
    [fact] = registry.case("A").of(CaseFact)
    assert fact.value == value
    assert isinstance(fact.value, bool) is isinstance(value, bool)


def test_a_wrong_answer_is_corrected_and_a_taken_back_one_is_gone(registry: Registry) -> None:
    wrong = CaseFact(fact="adult", value=False, asked_by=("p, version 1",), on_date=TODAY)
    registry.append("A", wrong)
    registry.append(
        "A", Correction(corrects=2, reason="typed wrongly", replacement=wrong.model_copy(update={"value": True}))
    )
    assert [fact.value for fact in registry.case("A").of(CaseFact)] == [True]
    registry.append("A", Correction(corrects=2, reason="never asked"))
    assert registry.case("A").of(CaseFact) == ()


def test_the_ewing_page_reads_back_whole(registry: Registry) -> None:
    page = EwingLocalTherapy(
        site="pelvis, type II",
        volume_ml=240,
        induction_cycles=9,
        resectable=True,
        expected_margin_mm=(("medial", 3.5), ("lateral", 12.0)),
        radiotherapy_intended="before",
        protons=False,
        question="Surgery, radiotherapy, or both?",
    )
    registry.append("A", EwingPage(on_date=TODAY, page=page))
    [event] = registry.case("A").of(EwingPage)
    assert event.page == page
    assert event.page.rows() == page.rows()
    registry.rebuild()
    assert registry.case("A").of(EwingPage)[0].page == page


def test_an_outside_estimate_is_kept_with_its_tool_version_and_date(registry: Registry) -> None:
    estimate = OutsideEstimate("PATHFx", "3.0", date(2026, 11, 1), "80 % at 3 months")
    registry.append("A", Estimate(estimate=estimate))
    [event] = registry.case("A").of(Estimate)
    assert event.estimate == estimate
    with pytest.raises(ValidationError, match="expected a version, found none"):
        EVENT.validate_json(
            '{"kind": "outside_estimate", "estimate": '
            '{"tool": "PATHFx", "version": "", "made_on": "2026-11-01", "statement": "80 %"}}'
        )


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ('{"colour": "red"}', "colour"),
        ('{"necrosis_percent": 101}', "expected a number from 0 to 100"),
        ('{"question": "ask Dr Example"}', "expected roles and no person"),
        ('{"resectable": "perhaps"}', "resectable"),
    ],
)
def test_a_page_that_cannot_be_is_refused_at_the_door(page: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        EVENT.validate_json(f'{{"kind": "ewing_page", "on_date": "2026-11-22", "page": {page}}}')

import json
from datetime import date
from typing import Any

import pytest

from sarcoma_review.errors import ConflictError, PathwayError, PresentationError
from sarcoma_review.pathways import Status, evaluate, load_pathway, pathways
from sarcoma_review.pathways.wording import avoided_words
from sarcoma_review.registry.events import PathwaySeen
from sarcoma_review.widgets import CaseForm, PathwayPanel, link

TODAY = date(2026, 11, 22)
SPINE, METASTASIS = load_pathway("lsesn-spinal-2024"), load_pathway("bone-metastasis-surgery")
SEPARATION = load_pathway("separation-surgery")
FACTS: dict[str, Any] = {"network": "LSESN", "adult": True, "status": "confirmed", "site": "spine", "tissue": "bone"}


class Page:
    """What a browser page does: ask, and keep what is meant for it."""

    def __init__(self, panel: PathwayPanel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.panel, self.heard = panel, list[dict[str, Any]]()
        monkeypatch.setattr(panel, "send", lambda words, _buffers=(): self.heard.append(words))

    def tell(self, **words: object) -> dict[str, Any]:
        self.panel._handle_custom_msg({"page": "a", **words}, [])
        return self.heard[-1] if self.heard else {}

    def cards(self) -> dict[str, dict[str, Any]]:
        sheets = self.tell(t="hello")["sheets"]
        return {card["id"]: card for sheet in sheets for section in sheet["sections"] for card in section["cards"]}


def test_a_card_says_status_level_source_review_date_and_what_would_settle_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = Page(PathwayPanel(SPINE, FACTS, on=TODAY), monkeypatch)
    card = page.cards()["L04"]
    assert (card["level"], card["status"], card["words"], card["mark"]) == (
        "must",
        "not_recorded",
        "not recorded",
        "?",
    )
    assert card["source"].startswith("Key messages, 2; version 2, approved 22 March 2024, review due March 2026")
    assert card["needs"] == [{"fact": "lss_mdt", "words": "LSS MDT discussion"}]
    assert "whether adult: yes" in card["used"]
    assert page.heard[0]["sheets"][0]["past"] is True


def test_facts_on_a_card_read_as_words_with_and_without_their_document(monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_pathway("bone-sarcoma-network")
    facts: dict[str, Any] = {"primary_bone_sarcoma": True, "histology": "ewing_sarcoma"}
    cards = Page(PathwayPanel(network, facts, on=TODAY), monkeypatch).cards()
    assert cards["N16"]["used"] == ["primary bone sarcoma: yes", "histology: Ewing sarcoma"]
    alone = PathwayPanel(evaluate(network, facts, on=TODAY))
    assert Page(alone, monkeypatch).cards()["N16"]["used"] == [
        "primary bone sarcoma: yes",
        "histology: ewing sarcoma",
    ]


def test_cards_stand_by_level_and_then_by_status(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = FACTS | {"surgery": True, "operator": "core", "referred_to_specialist_centre": False, "lss_mdt": "before"}
    page = Page(PathwayPanel(SPINE, facts, on=TODAY), monkeypatch)
    sections = {each["title"]: each["cards"] for each in page.tell(t="hello")["sheets"][0]["sections"]}
    assert list(sections) == ["Sends the case on", "Must", "Should", "For information"]
    statuses = [card["status"] for card in sections["Must"]]
    assert statuses[:2] == ["not_met", "conflict"]
    assert statuses.index("not_recorded") < statuses.index("met")


def test_interlocks_stand_before_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"suspected_bone_metastasis": True, "bone_destruction": True}
    page = Page(PathwayPanel(METASTASIS, facts, on=TODAY), monkeypatch)
    first = page.tell(t="hello")["sheets"][0]["sections"][0]
    assert first["title"] == "Interlocks: read before all else"
    assert {card["id"] for card in first["cards"]} <= {"I1", "I2", "I3", "I4", "I5"}
    assert first["cards"][0]["id"] == "I1"


def test_every_status_has_a_sign_of_its_own() -> None:
    assert len({status.mark for status in Status}) == len(Status)


def test_rules_that_do_not_speak_are_named_and_have_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(PathwayPanel(SPINE, FACTS, on=TODAY), monkeypatch)
    assert "L02" not in page.cards()
    assert "L02" in page.heard[0]["sheets"][0]["silent"]


def test_a_change_is_shown_until_somebody_marks_it_as_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = list[PathwaySeen]()
    panel = PathwayPanel(SPINE, FACTS, on=TODAY, record=kept.append)
    page = Page(panel, monkeypatch)
    panel.facts = FACTS | {"lss_mdt": "before"}
    assert [str(change) for change in panel.changes] == [
        "L04: not recorded → met",
        "L05: not recorded → met",
        "L06: applicability not known → not applicable",
    ]
    assert page.cards()["L04"]["was"] == "not recorded"
    assert "L06 (was applicability not known)" in page.heard[-1]["sheets"][0]["silent"]
    page.tell(t="seen")
    assert panel.changes == []
    assert [(event.pathway, event.document_version, event.on_date) for event in kept] == [(SPINE.id, "2", TODAY)]


def test_what_the_registry_refuses_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_event: PathwaySeen) -> None:
        raise ConflictError("the case moved on")

    panel = PathwayPanel(SPINE, FACTS, on=TODAY, record=refuse)
    page = Page(panel, monkeypatch)
    panel.facts = FACTS | {"lss_mdt": "before"}
    told = page.tell(t="seen")
    assert (told["to"], told["words"]) == ("a", "Not marked as seen: the case moved on")
    assert len(panel.changes) == 3


def test_an_earlier_look_is_taken_up_again_and_its_version_told(monkeypatch: pytest.MonkeyPatch) -> None:
    [look] = PathwayPanel(SPINE, FACTS, on=TODAY).mark_seen()
    later = FACTS | {"referred_to_rnoh": True, "surgery": False}
    older = look.model_copy(update={"document_version": "1"})
    panel = PathwayPanel(SPINE, later, on=TODAY, seen=[older])
    assert "L03: not recorded → met" in [str(change) for change in panel.changes]
    told = Page(panel, monkeypatch).tell(t="hello")["sheets"][0]
    assert told["last"] == "Seen last on 22 November 2026, in version 1 of the document"


def test_a_form_and_its_panel_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    form = CaseForm([SPINE, SEPARATION], on=TODAY)
    panel = PathwayPanel(SPINE, on=TODAY)
    link(form, panel)
    form.answer("network", "LSESN")
    form.answer("lsesn-spinal-2024:site", "sacrum")
    assert panel.facts == {"network": "LSESN", "site": "sacrum"} | dict.fromkeys(
        set(SPINE.facts) - {"network", "site"}
    )
    shown = list[dict[str, Any]]()
    monkeypatch.setattr(form, "send", shown.append)
    page = Page(panel, monkeypatch)
    assert page.tell(t="hello")["linked"] is True
    page.tell(t="jump", sheet=SPINE.id, fact="site")
    assert shown == [{"t": "show", "key": "lsesn-spinal-2024:site"}]


def test_a_document_that_the_form_does_not_have_keeps_its_facts() -> None:
    form, panel = CaseForm(SPINE, on=TODAY), PathwayPanel([SPINE, METASTASIS], {"spine": True}, on=TODAY)
    link(form, panel)
    form.answer("adult", True)
    assert (panel.facts["spine"], panel.facts["adult"]) == (True, True)


def test_results_alone_are_shown_and_follow_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = PathwayPanel(evaluate(SPINE, FACTS, on=TODAY))
    told = Page(panel, monkeypatch).tell(t="hello")
    assert (told["can_mark"], told["linked"], told["sheets"][0]["past"]) == (False, False, True)
    assert repr(panel).startswith("<PathwayPanel results: ")
    assert panel.mark_seen() == ()
    with pytest.raises(PresentationError, match="shows results alone"):
        panel.facts = {}
    with pytest.raises(PresentationError, match="linked by a document that both have"):
        link(CaseForm(SPINE, on=TODAY), panel)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(PresentationError, match="needs the day of reading"):
        PathwayPanel(SPINE)
    with pytest.raises(PathwayError, match="no question has the key 'colour'"):
        PathwayPanel(SPINE, {"colour": True}, on=TODAY)
    with pytest.raises(PresentationError, match="linked by a document that both have"):
        link(CaseForm(SEPARATION, on=TODAY), PathwayPanel(SPINE, on=TODAY))


def test_a_stored_notebook_reads_without_a_kernel() -> None:
    panel = PathwayPanel(SPINE, FACTS | {"lss_mdt": "before"}, on=TODAY)
    shown = panel._repr_mimebundle_()
    assert shown is not None
    still = shown[0]["text/html"]
    assert "Source text may have changed. The responsible clinical team decides." in still
    assert "<td>L04</td><td>must</td><td>● met</td>" in still
    assert "past its review date" in still
    assert still == PathwayPanel(SPINE, panel.facts, on=TODAY)._repr_mimebundle_()[0]["text/html"]  # type: ignore[index]


@pytest.mark.parametrize("name", pathways())
def test_no_card_uses_a_word_that_passes_judgement(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pathway = load_pathway(name)
    for facts in ({}, FACTS if name == SPINE.id else {}):
        told = Page(PathwayPanel(pathway, facts, on=TODAY), monkeypatch).tell(t="hello")
        assert avoided_words(json.dumps(told, ensure_ascii=False)) == []

import io
from datetime import date
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy import PrivacyReport
from sarcoma_review.privacy.blanking import Blanking, TextLine
from sarcoma_review.privacy.contact_sheet import ContactSheet, Picture
from sarcoma_review.privacy.report import Fault
from sarcoma_review.widgets import PrivacyPanel

NAME, DAY = "Quillfeather", date(2026, 11, 22)
FAULTS = (
    Fault("file 1", "(0010,0010)", "PatientName", "pseudonym", "PN, 16 characters"),
    Fault("file 2", "(0010,0010)", "PatientName", "pseudonym", "PN, 16 characters"),
    Fault("file 2", "(0008,0080)", "InstitutionName", "remove", "LO, 18 characters"),
    Fault("file 3", "", "", "a kind of object that habitually carries text", "", refuses=True),
)
REPORT = PrivacyReport("refuse", FAULTS, 3, ((NAME, "not DICOM"), (f"{NAME} 2", "not DICOM")))


def picture(number: int) -> Picture:
    plain = np.full((40, 60), 100, np.uint8)
    lines = (TextLine((5, 5, 15, 40), NAME, is_marker=False), TextLine((25, 50, 35, 56), "L", is_marker=True))
    image = np.repeat(plain[..., None], 3, axis=2)
    return Picture(f"file {number}", "DX", f"{number:064d}", Blanking(lines), image, plain, 1)


@pytest.fixture
def panel() -> PrivacyPanel:
    return PrivacyPanel(REPORT, sheet=ContactSheet((picture(1), picture(2))), on=DAY)


class Page:
    """What a browser page does: ask, and keep what is said."""

    def __init__(self, panel: PrivacyPanel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.panel, self.heard = panel, list[tuple[dict[str, Any], list[bytes]]]()
        monkeypatch.setattr(panel, "send", lambda words, buffers=(): self.heard.append((words, list(buffers))))

    def tell(self, **words: object) -> dict[str, Any]:
        self.panel._handle_custom_msg({"page": "a", **words}, [])
        return self.heard[-1][0]


@pytest.fixture
def page(panel: PrivacyPanel, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(panel, monkeypatch)


def test_the_repr_counts_and_names_nobody(panel: PrivacyPanel) -> None:
    assert repr(panel) == "<PrivacyPanel refuse, 4 faults; 2 pictures, not signed>"
    assert repr(PrivacyPanel(PrivacyReport("open", (), 1))) == "<PrivacyPanel open, 0 faults; no contact sheet>"


def test_faults_come_by_rule_and_by_file_with_what_the_cleaner_does(page: Page) -> None:
    groups = page.tell(t="hello")["groups"]
    assert [(group["title"], group["count"]) for group in groups["rule"]][:2] == [("pseudonym", 2), ("remove", 1)]
    assert [(group["title"], group["count"]) for group in groups["file"]] == [
        ("file 1", 1),
        ("file 2", 2),
        ("file 3", 1),
    ]
    line = groups["rule"][0]["lines"][0]
    assert (line["element"], line["remedy"]) == ("(0010,0010) PatientName", "is replaced by a pseudonym")
    assert groups["rule"][2]["lines"][0]["remedy"] == "the file is withheld"


def test_no_page_and_no_notebook_hears_a_name(page: Page) -> None:
    page.tell(t="hello")
    page.tell(t="picture", n=0)
    assert NAME not in str(page.heard)
    assert NAME not in str(page.panel.get_state())


def test_a_picture_travels_to_the_page_that_asks(page: Page) -> None:
    assert page.tell(t="picture", n=1)["to"] == "a"
    with Image.open(io.BytesIO(page.heard[-1][1][0])) as image:
        assert image.size == (60, 40)


def test_the_sheet_is_signed_when_every_picture_was_looked_at(page: Page) -> None:
    signed: list[object] = []
    page.panel.on_sign(signed.append)
    page.tell(t="look", n=0, looked=True)
    assert "1 of 2 pictures were not ticked" in page.tell(t="sign", role="radiologist")["problem"]
    page.tell(t="look", n=1, looked=True)
    told = page.tell(t="sign", role="radiologist")
    assert told["sheet"]["signed"] == {"role": "radiologist", "on": "2026-11-22"}
    assert signed == [page.panel.signature]
    assert set(page.panel.signature.seen if page.panel.signature else ()) == {f"{n:064d}" for n in (1, 2)}


@pytest.mark.parametrize(
    "change",
    [
        {"t": "blank", "n": 0, "box": [20, 10, 30, 20]},
        {"t": "keep", "n": 0, "line": 0},
        {"t": "leave out", "n": 0},
        {"t": "look", "n": 0, "looked": False},
    ],
)
def test_a_change_voids_the_signature(page: Page, change: dict[str, object]) -> None:
    for n in (0, 1):
        page.panel.look_at(n)
    page.panel.sign("surgeon")
    page.tell(**change)
    assert page.panel.signature is None


def test_a_changed_picture_is_to_be_looked_at_again(page: Page) -> None:
    page.panel.look_at(0)
    told = page.tell(t="blank", n=0, box=[20, 10, 30, 20])["sheet"]["pictures"]
    assert [each["looked"] for each in told] == [False, False]
    assert [line["box"] for line in told[0]["lines"]][-1] == (20, 10, 30, 20)


def test_what_a_page_makes_up_changes_nothing(page: Page) -> None:
    before = page.panel.sheet
    page.panel.look_at(0)
    page.panel.look_at(1)
    assert "lies within its picture" in page.tell(t="blank", n=0, box=[-5, 0, 900, 9])["problem"]
    assert "never a person" in page.tell(t="sign", role=NAME)["problem"]
    for words in (
        {"t": "look", "n": 7, "looked": True},
        {"t": "keep", "n": 0, "line": 9},
        {"t": "leave out", "n": -1},
    ):
        page.tell(**words)
    assert page.panel.sheet is before
    assert page.panel.signature is None


def test_a_panel_without_a_sheet_signs_nothing() -> None:
    panel = PrivacyPanel(REPORT)
    with pytest.raises(PrivacyError, match="no contact sheet"):
        panel.sign("surgeon")
    with pytest.raises(PrivacyError, match="no contact sheet"):
        panel.look_at(0)


def test_a_sheet_needs_a_day() -> None:
    with pytest.raises(PrivacyError, match="signed on a day"):
        PrivacyPanel(REPORT, sheet=ContactSheet(()))


def test_a_receipt_that_does_not_hold_is_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    report = PrivacyReport("clean_first", (Fault("the receipt", "", "", "a file has changed since", ""),), 1)
    told = Page(PrivacyPanel(report), monkeypatch).tell(t="hello")
    assert told["groups"]["rule"][0]["lines"][0]["remedy"] == "writes the receipt anew"

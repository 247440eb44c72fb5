import base64
import getpass
import hashlib
import re
import socket
import zlib
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sarcoma_review.errors import PresentationError, PrivacyError
from sarcoma_review.present import PURPOSE, Afterwards, Case, write
from sarcoma_review.present.content import pages
from sarcoma_review.present.html import render
from sarcoma_review.present.pages import Facts, Interval, Page, Table
from tests.present.invented import HOSTILE, TODAY, before_case, hostile_case, whole_case

pytestmark = pytest.mark.filterwarnings("ignore:Glyph .* missing from font")  # in the stills of hostile names
DATA = re.compile(r'base64,[A-Za-z0-9+/=]+|(?<=">)[A-Za-z0-9+/=]{200,}(?=</script>)')


class Reader(HTMLParser):
    """Collects what could reach for something outside the file, or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.reaching: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.styled: list[str] = []
        self.sections = 0
        self.pictures: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sections += tag == "section"
        named = dict(attrs)
        self.scripts += [named] if tag == "script" else []
        self.pictures += [named.get("alt")] if tag == "img" else []
        self.styled += [tag] if "style" in named or any(name.startswith("on") for name in named) else []
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data") and not (value or "").startswith("data:image/png"):
                self.reaching.append(f"{tag} {name}={value}")
        if tag in ("link", "iframe", "object", "embed", "base", "form"):
            self.reaching.append(tag)


def deck(case: Case) -> str:
    return render(pages(case), case_id=case.case_id)


@cache
def whole() -> str:
    return deck(whole_case())


def test_the_deck_reaches_for_nothing_outside_itself() -> None:
    reader = Reader(whole())
    assert reader.reaching == []
    assert reader.styled == []  # a style or a handler in a tag is refused by the policy
    said = DATA.sub("", whole()).replace("http://www.w3.org/2000/svg", "")  # a name, not an address
    assert re.findall(r"(?:https?|wss?|ftp)://", said) == []


def test_the_policy_lets_this_script_and_this_style_in_and_nothing_else() -> None:
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', whole())
    script = re.findall(r'<script type="module">(.*?)</script>', whole(), re.S)
    style = re.findall(r"<style>(.*?)</style>", whole(), re.S)
    assert [len(found) for found in (policy, script, style)] == [1, 1, 1]
    allowed = dict(part.strip().split(" ", 1) for part in policy[0].split(";"))
    assert allowed == {
        "default-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "script-src": f"'sha256-{base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()}'",
        "style-src": f"'sha256-{base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()}'",
    }
    assert [each.get("type") for each in Reader(whole()).scripts if "id" not in each] == ["module"]


def test_every_page_carries_the_purpose_and_its_number() -> None:
    found = Reader(whole()).sections
    assert found == len(pages(whole_case()))
    footers = re.findall(r"<footer>.*?</footer>", whole())
    assert len(footers) == found
    assert all(PURPOSE in words and f"{n + 1} of {found}" in words for n, words in enumerate(footers))


def test_every_picture_has_words_in_its_place() -> None:
    found = Reader(whole()).pictures
    assert len(found) == 6 + 1 + 2 + 4  # key images, one made after surgery, a still for each viewer, and figures
    assert all(alt and len(alt) > 20 for alt in found)


def test_voxels_are_in_the_file_once_though_two_viewers_show_them() -> None:
    parts = re.findall(r'<script type="text/plain" id="part-(\w+)">([A-Za-z0-9+/=]+)</script>', whole())
    assert len({name for name, _ in parts}) == len(parts)
    unpacked = [zlib.decompress(base64.b64decode(data), -15) for _, data in parts]
    voxels = [data for data in unpacked if len(data) == 30 * 40 * 40 * 2]
    assert len(voxels) == 1


def test_a_ruler_puts_each_interval_where_its_numbers_are() -> None:
    table = Table(("Face", "mm"), [("back", "5.0 (0.0 to 10.0)")], rulers=[Interval(0.0, 5.0, 10.0)])
    shown = render([Page("Margin", (table,))], case_id="SR-A")
    assert '<line class="span" x1="0.0%" x2="100.0%"' in shown
    assert '<circle class="at" cx="50.0%"' in shown
    assert 'aria-label="5.0 mm, between 0.0 and 10.0 mm"' in shown


def test_what_is_absent_is_shown_as_not_recorded_in_words_of_its_own() -> None:
    shown = render([Page("Facts", (Facts([("Side", None), ("Sex", "female")]),))], case_id="SR-A")
    assert '<dt dir="auto">Side</dt><dd><span class="absent">not recorded</span></dd>' in shown
    assert '<dt dir="auto">Sex</dt><dd><bdi>female</bdi></dd>' in shown


def test_typed_text_cannot_become_markup() -> None:
    page = deck(hostile_case(HOSTILE))
    assert "<script>document" not in page
    assert "&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;" in page
    assert len(Reader(page).scripts) == len(Reader(whole()).scripts)
    assert "{{ 7 * 7 }}" in page  # read, not reckoned
    assert "\x00" not in page
    assert "\u202e" not in page  # would turn the words after it round


def test_the_file_given_before_the_meeting_holds_nothing_of_what_came_after(tmp_path: Path) -> None:
    before = write(whole_case(), tmp_path / "before.html").read_text(encoding="utf-8")
    after = write(whole_case(), tmp_path / "after.html", reveal=True).read_text(encoding="utf-8")
    for closed in (
        "Spare the joint.",
        "fascia",
        "Alive, walks",
        "MDT lead",
        "Surgery, then radiotherapy",
        "after surgery",
    ):
        assert closed in after
        assert closed not in before
    assert before == write(before_case(), tmp_path / "never.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["html", "pptx", "pdf"])
def test_the_same_case_gives_the_same_bytes(tmp_path: Path, ending: str) -> None:
    first, second = (write(whole_case(), tmp_path / f"{n}.{ending}", reveal=True).read_bytes() for n in range(2))
    assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"0.{ending}", f"1.{ending}"]


def test_no_identifier_path_or_host_is_in_the_file() -> None:
    ct = whole_case().imaging[-1]
    told = replace(
        ct,
        series_uid="1.2.826.0.1.111",
        frame_of_reference_uid="1.2.826.0.1.222",
        slice_uids=("1.2.826.0.1.333",) * 30,
    )
    case = replace(before_case(), imaging=[told], segments=[], options=[])
    said = DATA.sub("", deck(case))
    for private in ("1.2.826", str(Path(__file__).parents[2]), str(Path.home()), "site-packages"):
        assert private not in said
    read = re.sub(r"<(style|script).*?</\1>", "", said, flags=re.S)
    for name in (getpass.getuser(), socket.gethostname()):
        assert not re.search(rf"\b{re.escape(name)}\b", read)


def test_a_presentation_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    case = before_case()
    write(case, tmp_path / "deck.html")
    with pytest.raises(PresentationError, match=r"written as \.html, \.pptx, \.pdf, found '\.odp'"):
        write(case, tmp_path / "deck.odp")
    with pytest.raises(PresentationError, match="folder for the presentation does not exist"):
        write(case, tmp_path / "nowhere" / "deck.html")
    with pytest.raises(PresentationError, match="with a question to the meeting"):
        write(replace(case, question=" "), tmp_path / "empty.html")
    with pytest.raises(PresentationError, match=r"a template is for \.pptx, found '\.html'"):
        write(case, tmp_path / "other.html", template=tmp_path / "own.pptx")
    assert [path.name for path in tmp_path.iterdir()] == ["deck.html"]


@pytest.mark.parametrize("afterwards", [False, True])
def test_images_that_may_not_leave_this_machine_are_in_no_deck(tmp_path: Path, afterwards: bool) -> None:
    image, case = before_case().imaging[0], before_case()
    past, head = replace(image, clearance="ungated"), replace(image, head="a head")
    for kept, reason in ((past, "privacy gate"), (head, "a face could be drawn")):
        change = {"after": Afterwards(imaging=[kept])} if afterwards else {"imaging": [kept]}
        with pytest.raises(PrivacyError, match=reason):
            write(replace(case, **change), tmp_path / "deck.html")
    assert list(tmp_path.iterdir()) == []


def test_a_case_with_nothing_but_a_question_makes_a_deck() -> None:
    assert Reader(deck(Case("SR-B", "What is it?", TODAY))).sections == 6


def test_a_volume_of_numbers_that_are_not_whole_is_shown_too() -> None:
    volume = replace(before_case().imaging[0], array=np.full((30, 40, 40), np.nan, np.float32))
    volume.array[3:9] = 0.5
    assert 'data-scene="0"' in deck(replace(before_case(), imaging=[volume], segments=[], options=[]))

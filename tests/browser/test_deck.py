"""Decks in a real Chromium, opened from a file as from a USB stick."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from pypdf import PdfReader

from sarcoma_review.present import PURPOSE, Case, write
from tests.browser.conftest import PICTURES
from tests.present.invented import ENDLESS, HOSTILE, hostile_case, whole_case

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:Glyph .* missing from font"),  # in the stills of hostile names
]
# What of each page lies off it: the page's name, and by how much.
OFF_THE_PAGE = """() => [...document.querySelectorAll("main > section")].flatMap((section) => {
  const page = section.getBoundingClientRect();
  return [...section.querySelectorAll("*")].filter((one) => one.checkVisibility({ visibilityProperty: false }))
    .filter((one) => !one.closest("svg") && !one.closest(".live"))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.left < page.left - 1 || box.right > page.right + 1 ||
      box.top < page.top - 1 || box.bottom > page.bottom + 1))
    .map(([one]) => `${section.id} ${one.tagName} ${one.textContent.slice(0, 40)}`);
})"""
# Blocks of a page that lie on one another, or on its footer.
ON_ONE_ANOTHER = """() => [...document.querySelectorAll("main > section")].flatMap((section) => {
  const blocks = [...section.querySelectorAll("h2, .body > :not(.columns), .columns > *, footer")]
    .map((one) => [one, one.getBoundingClientRect()]);
  const meet = (box, next) => box.left < next.right - 1 && next.left < box.right - 1 &&
    box.top < next.bottom - 1 && next.top < box.bottom - 1;
  return blocks.flatMap(([one, box], n) => blocks.slice(n + 1).filter(([, next]) => meet(box, next))
    .map(([other]) => `${section.id} ${one.className} on ${other.className || other.tagName}`));
})"""
SMALLEST_PX = """() => Math.min(...[...document.querySelectorAll("main > section *")]
  .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  .filter((one) => !one.closest(".live, svg"))
  .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
LIGHT = (
    "(canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.reduce((a, b) => a + b)"
)


class Deck:
    """A deck on a page of its own, with all it asked for and complained of."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.asked, self.complaints = page, list[str](), list[str]()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":  # what the policy of contents refuses is one
            self.complaints.append(message.text)

    @property
    def number(self) -> int:
        """Of the page that is shown, from 1."""
        return int(self.page.locator("section[data-shown]").evaluate("(section) => section.id.slice(1)"))

    def press(self, *keys: str) -> int:
        """Press keys, and say which page is shown then."""
        for key in keys:
            self.page.keyboard.press(key)
        return self.number

    def go_to_viewer(self) -> None:
        """The first page with a viewer, with all its voxels there."""
        while not self.page.locator("section[data-shown] .scene").count():
            self.press("ArrowRight")
        self.page.wait_for_selector("section[data-shown] [data-state=ready]")


@pytest.fixture(scope="module")
def big_screen(chromium: Browser) -> Iterator[BrowserContext]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    yield context
    context.close()


@pytest.fixture
def open_deck(big_screen: BrowserContext, tmp_path: Path) -> Callable[[Case], Deck]:
    def open_it(case: Case) -> Deck:
        return Deck(big_screen.new_page(), write(case, tmp_path / "deck.html", reveal=True))

    return open_it


@pytest.fixture(scope="module")
def opened_once(big_screen: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Deck:
    path = tmp_path_factory.mktemp("deck") / "deck.html"
    return Deck(big_screen.new_page(), write(whole_case(), path, reveal=True))


@pytest.fixture
def deck(opened_once: Deck) -> Deck:
    """The deck at its first page, as slides."""
    opened_once.page.evaluate("document.activeElement.blur()")
    opened_once.press("Home")
    return opened_once


def test_keys_lead_through_the_pages(deck: Deck) -> None:
    count = deck.page.locator("main > section").count()
    assert deck.press("End") == count
    assert deck.press("ArrowRight") == count
    assert deck.press("PageUp") == count - 1
    assert deck.press("Home", "ArrowRight", " ", "PageDown") == 4
    assert deck.press("ArrowLeft", "Shift+ ") == 2
    assert deck.page.locator(".controls .number").inner_text() == f"2 / {count}"
    assert deck.page.evaluate("location.hash") == "#p2"


def test_the_list_leads_to_any_page(deck: Deck) -> None:
    deck.press("l")
    deck.page.get_by_role("button", name="Outcome", exact=True).click()
    assert deck.page.locator("section[data-shown] h2").inner_text() == "Outcome"
    assert not deck.page.locator("dialog").is_visible()


def test_every_page_is_whole_large_and_says_what_it_is_for(deck: Deck) -> None:
    assert deck.page.evaluate(OFF_THE_PAGE) == []
    assert deck.page.evaluate(ON_ONE_ANOTHER) == []
    assert deck.page.evaluate(SMALLEST_PX) >= 18
    footers = deck.page.locator("section footer").all_text_contents()
    assert len(footers) == deck.page.locator("main > section").count()
    assert all(PURPOSE in words for words in footers)


def test_the_viewer_scrolls_windows_and_lets_go_of_the_keys(deck: Deck) -> None:
    deck.go_to_viewer()
    at = deck.number
    view = deck.page.locator("section[data-shown] canvas").first
    before, light = view.get_attribute("aria-label"), view.evaluate(LIGHT)
    view.hover()
    deck.page.mouse.wheel(0, 120)
    deck.page.wait_for_function(f"(told) => document.querySelector('#p{at} canvas').ariaLabel !== told", arg=before)
    deck.page.locator("section[data-shown] [data-preset=bone]").click()
    deck.page.wait_for_function(f"(told) => ({LIGHT})(document.querySelector('#p{at} canvas')) !== told", arg=light)
    view.click()
    assert deck.press("ArrowRight") == at  # the image has the keys
    assert deck.press("Escape", "ArrowRight") == at + 1


def test_a_click_on_the_image_is_where_the_crosshair_goes(deck: Deck) -> None:
    deck.go_to_viewer()
    view = deck.page.locator("section[data-shown] canvas").first
    box = view.bounding_box()
    assert box is not None
    words = deck.page.locator("section[data-shown] .sr-readout")
    pointer = deck.page.locator("section[data-shown] .sr-pointer")
    deck.page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.6 * box["height"])
    deck.page.wait_for_timeout(300)
    assert pointer.inner_text().split("\u2003")[0] == f"pointer {words.inner_text().split(chr(0x2003))[0]}"
    ringed = view.evaluate("(canvas) => [canvas.clientWidth * canvas.currentCSSZoom, canvas.width]")
    assert ringed[0] == pytest.approx(box["width"], abs=2)  # as many pixels as the screen has
    assert ringed[1] == pytest.approx(box["width"], abs=2)


def test_nothing_is_asked_of_any_address(deck: Deck) -> None:
    assert [url for url in deck.asked if not url.startswith("data:")] == [deck.asked[0]]
    assert deck.asked[0].startswith("file://")
    assert deck.complaints == []  # the policy of contents refused nothing


def test_one_page_below_another_has_the_viewers_too(deck: Deck) -> None:
    deck.press("o")
    assert deck.page.evaluate("document.documentElement.scrollHeight") > 5000
    deck.page.locator(".scene").first.scroll_into_view_if_needed()
    deck.page.wait_for_selector(".scene >> nth=0 >> [data-state=ready]")
    deck.page.screenshot(path=PICTURES / "deck-one-page.png")
    deck.press("o")


def test_it_prints_a_page_on_a_sheet_with_stills_for_viewers(deck: Deck) -> None:
    deck.go_to_viewer()
    printed = PdfReader(io.BytesIO(deck.page.pdf(prefer_css_page_size=True)))
    count = deck.page.locator("main > section").count()
    assert len(printed.pages) == count
    assert all(sheet.mediabox.width > sheet.mediabox.height for sheet in printed.pages)
    text = [sheet.extract_text() for sheet in printed.pages]
    assert [f"{n + 1} of {count}" in words for n, words in enumerate(text)] == [True] * count
    viewed = text[deck.number - 1]
    assert "Look round" in viewed
    assert "Crosshair" not in viewed
    assert len(printed.pages[deck.number - 1].images) == 1


@pytest.mark.parametrize(
    ("name", "size"), [("small", (1280, 720)), ("tall", (1024, 1366)), ("projector", (1024, 768))]
)
def test_every_page_is_whole_on_other_screens(deck: Deck, name: str, size: tuple[int, int]) -> None:
    deck.page.set_viewport_size({"width": size[0], "height": size[1]})
    deck.page.wait_for_timeout(200)
    off = deck.page.evaluate(OFF_THE_PAGE)
    deck.page.set_viewport_size({"width": 1920, "height": 1080})
    assert off == [], name


def test_hostile_text_is_read_and_nothing_else(open_deck: Callable[[Case], Deck]) -> None:
    deck = open_deck(hostile_case(HOSTILE))
    assert deck.page.title() == "Case SR-A"
    assert deck.page.locator("main script, main b").count() == 0
    assert deck.page.evaluate(OFF_THE_PAGE) == []
    assert deck.page.evaluate(ON_ONE_ANOTHER) == []
    told = deck.page.locator("#p1 .headline").inner_text()
    assert told.startswith("<script>document.title='owned'</script> </script><!-- {{ 7 * 7 }} ]]> &lt;b&gt;")
    deck.go_to_viewer()
    assert deck.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("text", [ENDLESS, "why not " * 1250], ids=["one word", "many words"])
def test_ten_thousand_letters_in_every_field_go_on_on_further_pages(
    open_deck: Callable[[Case], Deck], text: str
) -> None:
    deck = open_deck(hostile_case(text))
    count = deck.page.locator("main > section").count()
    assert count > 100
    assert deck.page.evaluate(OFF_THE_PAGE) == []
    said = deck.page.locator("#p1 .body").inner_text()
    assert len(said) > 500


def pictures_of_every_page(deck: Deck) -> Iterator[Any]:
    for number in range(deck.page.locator("main > section").count()):
        if deck.page.locator("section[data-shown] .scene").count():
            deck.page.wait_for_selector("section[data-shown] [data-state=ready]")
        yield deck.page.screenshot(path=PICTURES / f"deck-{number + 1:02}.png")
        deck.press("ArrowRight")


def test_no_two_pages_look_alike(deck: Deck) -> None:
    shown = list(pictures_of_every_page(deck))
    assert len(set(shown)) == len(shown)

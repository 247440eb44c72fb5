"""The meeting room's page in a real browser: several members, each with a page of their own."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from sarcoma_review.planning import Plane
from sarcoma_review.present import slice_image
from sarcoma_review.present.images import images
from sarcoma_review.present.pages import Facts, Headline, Scene
from sarcoma_review.present.pages import Page as CasePage
from sarcoma_review.present.shown import Shown
from sarcoma_review.room import publish
from sarcoma_review.volume import Segment, Volume
from tests.browser.conftest import PICTURES
from tests.room.listening import link
from tests.room.visiting import MEETING, free_port, made, serving

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.title='taken'> \u05d0\u05d1 =cmd|' /C calc'!A0"
SECRET = "marginal resection was done"
CASE = "case-1"
BLOCKED = "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({ code: 1006 })) } close() {} }"


def case_pages() -> list[CasePage]:
    """A page of words, one of images, and one that is shut until the opinions are in."""
    ball = np.linalg.norm(np.mgrid[0:40, 0:40, 0:40] - 19.5, axis=0) < 9
    array = np.where(ball, 300, -50).astype(np.int16)
    ct = Volume(array, np.diag([2.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]], modality="CT", clearance="checked")
    tumour = Segment("tumour", Volume(ball, ct.affine, clearance="checked"))
    plane = Plane((19.5, 19.5, 60.0), (0.1, 0.0, 1.0), name="proximal")
    laid = images(ct, beside=None, registration=None, fusion=None, labels=())
    scene = Scene(Shown(laid, [tumour], [plane]), slice_image(ct, "axial", (19.5, 19.5, 39.0), segments=[tumour]))
    return [
        CasePage("The patient", (Headline(HOSTILE), Facts([("History", HOSTILE), ("Side", None)]))),
        CasePage("Images", (scene,)),
        CasePage("Done", (Headline(SECRET),), part="after"),
    ]


class Room:
    """A served room and the pages of its members."""

    def __init__(self, browser: Browser, path: Path, port: int, *, members: int = 3) -> None:
        self.folder = made(path, members)
        self.manifest = publish(case_pages(), path, case_id=CASE).manifest
        self.browser, self.port = browser, port
        self.origin = f"http://127.0.0.1:{port}"
        self.outside: list[str] = []
        self.faults: list[str] = []

    def enter(self, member: str, *, before: Callable[[Page], None] = lambda _: None, width: int = 1500) -> Page:
        """Open a member's personal link in a browser of their own."""
        page = self.browser.new_context(viewport={"width": width, "height": 900}).new_page()
        page.on("request", lambda request: self._watch(request.url))
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        before(page)
        token = self.folder.invite(MEETING, member, timedelta(days=1))
        page.goto(f"{self.origin}/room/{MEETING}/#{token}")
        expect(page.get_by_role("heading", name="Network", exact=True)).to_be_visible()
        return page

    def _watch(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "blob:")):
            self.outside.append(url)


@pytest.fixture
def room(chromium: Browser, tmp_path: Path) -> Iterator[Room]:
    found = Room(chromium, tmp_path / "data", free_port())
    with serving(found.folder, port=found.port):
        yield found
        for context in list(chromium.contexts):
            context.close()
    assert found.outside == []
    assert found.faults == []


def published(room: Room) -> Page:
    """The chair's page, with the first case open and its images published."""
    chair = room.enter("chair")
    chair.get_by_role("button", name="Open this case").first.click()
    chair.get_by_text("Publish images").first.click()
    chair.get_by_role("textbox", name="Fingerprint").first.fill(room.manifest)
    chair.get_by_label("I looked at every image").first.check()
    chair.get_by_role("button", name="Publish", exact=True).first.click()
    expect(chair.get_by_role("heading", name="The patient")).to_be_visible()
    return chair


def slice_of(page: Page) -> str:
    return page.locator(".sr-pane[data-view=axial] canvas").first.get_attribute("aria-label") or ""


def scrolled(page: Page, notches: int) -> None:
    page.locator(".sr-pane[data-view=axial] canvas").first.hover()
    for _ in range(notches):
        page.mouse.wheel(0, 100)


def test_what_is_typed_into_a_case_is_read_and_never_run(room: Room) -> None:
    chair = published(room)
    expect(chair.locator(".headline")).to_have_text(HOSTILE)
    expect(chair.locator("dd.absent")).to_have_text("not recorded")
    assert chair.title() == "Network"


def test_everybody_sees_what_the_presenter_moves_until_they_look_freely(room: Room) -> None:
    published(room)
    presenter, member = room.enter("shows"), room.enter("m1")
    expect(presenter.get_by_role("button", name="You present")).to_be_disabled()
    presenter.get_by_role("button", name="Next page").click()
    expect(member.get_by_role("heading", name="Images")).to_be_visible()
    for page in (presenter, member):
        page.wait_for_selector(".sr-viewer[data-state=ready]")
    opened = slice_of(presenter)
    scrolled(presenter, 4)
    shown = slice_of(presenter)
    assert shown != opened
    expect(member.locator(".sr-pane[data-view=axial] canvas").first).to_have_attribute("aria-label", shown)
    scrolled(member, 3)
    expect(member.get_by_role("button", name="Follow the presenter")).to_be_visible()
    own = slice_of(member)
    scrolled(presenter, 1)
    member.wait_for_timeout(300)
    assert slice_of(member) == own != slice_of(presenter)
    member.get_by_role("button", name="Follow the presenter").click()
    expect(member.locator(".sr-pane[data-view=axial] canvas").first).to_have_attribute(
        "aria-label", slice_of(presenter)
    )


def test_a_pointer_is_seen_on_the_slice_it_points_at(room: Room) -> None:
    published(room)
    presenter, member = room.enter("shows"), room.enter("m1")
    presenter.get_by_role("button", name="Next page").click()
    for page in (presenter, member):
        page.wait_for_selector(".sr-viewer[data-state=ready]")
    presenter.get_by_role("button", name="Point", exact=True).click()
    box = presenter.locator(".sr-pane[data-view=axial] canvas").first.bounding_box()
    assert box
    presenter.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    presenter.wait_for_timeout(150)
    presenter.mouse.move(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2)
    expect(member.locator(".sr-pane[data-view=axial] .pointer")).to_have_text("shows")
    assert member.locator(".pointer").count() == 1
    scrolled(member, 5)
    expect(member.locator(".pointer")).to_have_count(0)


def voted(page: Page, choice: str) -> None:
    page.get_by_label("Your opinion").select_option(choice)
    page.get_by_label("Reason").fill(f"because of {choice}")
    page.get_by_role("button", name="Give my opinion").click()
    expect(page.get_by_text("Kept. Receipt")).to_be_visible()


def test_opinions_stay_blind_until_all_are_shown_and_then_the_rest_of_the_case_opens(room: Room) -> None:
    chair = published(room)
    members = [room.enter(name) for name in ("shows", "m1", "m2")]
    chair.get_by_role("button", name="Open the ballot").click()
    for page, choice in zip(members, ("Yes", "No", "Yes"), strict=True):
        voted(page, choice)
    expect(chair.get_by_text("3 of 4 have given an opinion")).to_be_visible()
    assert "because of" not in chair.locator(".ballots").inner_text()
    chair.get_by_role("button", name="Close the ballot").click()
    chair.get_by_role("button", name="Show all opinions").click()
    expect(members[0].get_by_role("list", name="Opinions").get_by_text("2 of 3")).to_be_visible()
    expect(members[1].get_by_text("No: because of No")).to_be_visible()
    assert not any(SECRET in page.content() for page in [chair, *members])
    chair.get_by_role("button", name="Show the decision, what was done").click()
    for _ in range(2):
        chair.get_by_role("button", name="Next page").click()
    expect(chair.locator(".headline")).to_have_text(SECRET)
    chair.screenshot(path=PICTURES / "room_revealed.png")


def test_a_decision_an_action_and_a_learning_point_stand_on_every_page(room: Room) -> None:
    chair = published(room)
    member = room.enter("m1")
    chair.get_by_text("Record a decision").click()
    chair.get_by_role("textbox", name="Decision").fill("Resection by planes A")
    chair.get_by_role("button", name="Record", exact=True).click()
    expect(member.get_by_text("Resection by planes A")).to_be_visible()
    chair.locator("summary", has_text="Learning point").click()
    chair.get_by_role("textbox", name="Learning point").fill("MR before biopsy")
    chair.get_by_role("form", name="Learning point").get_by_role("button").click()
    expect(member.get_by_text("MR before biopsy")).to_be_visible()
    assert member.get_by_text("Record a decision").count() == 0


@pytest.mark.parametrize("blocked", ["websockets", "websockets and streams"])
def test_where_a_proxy_blocks_sockets_the_page_comes_in_another_way_and_votes(room: Room, blocked: str) -> None:
    chair = published(room)

    def block(page: Page) -> None:
        page.add_init_script(BLOCKED)
        if "streams" in blocked:
            page.route("**/events?*", lambda route: route.abort())

    member = room.enter("m1", before=block)
    expect(member.locator("#room")).to_have_attribute("data-way", "poll" if "streams" in blocked else "sse")
    chair.get_by_role("button", name="Open the ballot").click()
    voted(member, "No")
    expect(chair.get_by_text("1 of 2 have given an opinion")).to_be_visible()


def test_a_page_whose_room_is_gone_says_so_and_comes_back_with_its_opinion_kept(
    chromium: Browser, tmp_path: Path
) -> None:
    room = Room(chromium, tmp_path / "data", free_port())
    with ExitStack() as first:
        first.enter_context(serving(room.folder, port=room.port))
        chair, member = published(room), room.enter("m1")
        chair.get_by_role("button", name="Open the ballot").click()
        voted(member, "No")
    expect(member.get_by_text("No word from the room")).to_be_visible(timeout=15_000)
    with serving(room.folder, port=room.port):
        expect(member.locator("#room")).to_have_attribute("data-state", "live", timeout=20_000)
        expect(member.get_by_text("Your opinion: No")).to_be_visible()
        member.reload()
        expect(member.get_by_text("Your opinion: No")).to_be_visible()
        for context in list(chromium.contexts):
            context.close()


def test_who_is_taken_out_sees_nothing_more_and_a_stranger_is_told_to_use_a_link(room: Room) -> None:
    member = room.enter("m1")
    room.folder.revoke(MEETING, "m1")
    expect(member.get_by_text("has ended")).to_be_visible(timeout=10_000)
    stranger = room.browser.new_context().new_page()
    stranger.goto(f"{room.origin}/room/{MEETING}/")
    expect(stranger.get_by_text("Open your personal link")).to_be_visible()


def test_a_phone_has_one_part_at_a_time_and_nothing_runs_off_its_side(room: Room) -> None:
    published(room)
    phone = room.enter("m2", width=390)
    for name in ("Opinion", "Agenda", "Images"):
        phone.get_by_role("navigation", name="Parts").get_by_role("button", name=name).click()
        assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.screenshot(path=PICTURES / "room_phone.png")


def at_the_images(room: Room, *members: str) -> list[Page]:
    """Pages of members on the page with images, which the presenter (the first) turned to."""
    pages = [room.enter(member) for member in members]
    pages[0].get_by_role("button", name="Next page").click()
    for page in pages:
        page.wait_for_selector(".sr-viewer[data-state=ready]")
    return pages


def sees(page: Page, label: str) -> None:
    canvas = page.locator(".sr-pane[data-view=axial] canvas").first
    expect(canvas).to_have_attribute("aria-label", label)


def test_both_devices_of_one_presenter_show_what_all_see(room: Room) -> None:
    published(room)
    laptop, tablet, member = at_the_images(room, "shows", "shows", "m1")
    scrolled(laptop, 4)
    shown = slice_of(laptop)
    for page in (tablet, member):
        sees(page, shown)
    scrolled(tablet, 2)
    for page in (laptop, member):
        sees(page, slice_of(tablet))
    assert slice_of(laptop) != shown


def test_who_looked_freely_and_begins_to_present_shows_what_all_see(room: Room) -> None:
    chair = published(room)
    presenter, member = at_the_images(room, "shows", "m1")
    scrolled(presenter, 2)
    shown = slice_of(presenter)
    scrolled(member, 5)
    assert slice_of(member) != shown
    chair.get_by_role("listitem").filter(has_text="m1 ·").get_by_role("button", name="Let present").click()
    expect(member.get_by_role("button", name="You present")).to_be_visible()
    sees(member, shown)
    expect(presenter.get_by_role("button", name="Following")).to_be_visible()
    scrolled(member, 3)
    sees(presenter, slice_of(member))


DEAF = """
const send = WebSocket.prototype.send, sockets = [];
WebSocket.prototype.send = function (data) {
  if (!window.lossy || !data.includes("view.set")) send.call(this, data);
};
window.WebSocket = class extends WebSocket { constructor(...given) { super(...given); sockets.push(this); } };
window.deafen = () => sockets.forEach((socket) => (socket.onmessage = null));
"""


def deaf(page: Page) -> None:
    page.add_init_script(DEAF)


def test_what_the_presenter_moved_and_nobody_got_is_taken_back(room: Room) -> None:
    published(room)
    presenter = room.enter("shows", before=deaf)
    presenter.get_by_role("button", name="Next page").click()
    presenter.wait_for_selector(".sr-viewer[data-state=ready]")
    scrolled(presenter, 2)
    presenter.wait_for_timeout(300)
    shown = slice_of(presenter)
    presenter.evaluate("window.lossy = true")
    scrolled(presenter, 4)
    assert slice_of(presenter) != shown
    sees(presenter, shown)


def test_a_connection_that_died_without_a_word_is_veiled_and_made_anew(room: Room) -> None:
    member = room.enter("m1", before=deaf)
    expect(member.locator("#room")).to_have_attribute("data-state", "live")
    member.evaluate("window.deafen()")
    expect(member.locator("#room")).to_have_attribute("data-state", "stale", timeout=6_000)
    expect(member.locator("#room")).to_have_attribute("data-state", "live", timeout=12_000)


def test_a_vote_that_a_proxy_swallowed_once_is_given_again(room: Room) -> None:
    chair = published(room)

    def block(page: Page) -> None:
        page.add_init_script(BLOCKED)
        page.route("**/send?*", lambda route: route.abort(), times=2)

    member = room.enter("m1", before=block)
    chair.get_by_role("button", name="Open the ballot").click()
    voted(member, "No")
    expect(chair.get_by_text("1 of 2 have given an opinion")).to_be_visible()


def test_what_the_chair_is_writing_stays_though_the_meeting_goes_on(room: Room) -> None:
    chair, member = published(room), room.enter("m1")
    chair.get_by_text("Record a decision").click()
    text = chair.get_by_role("textbox", name="Decision")
    text.fill("Resection by planes")
    chair.get_by_role("button", name="Open the ballot").click()
    voted(member, "No")
    chair.get_by_role("button", name="Close the ballot").click()
    text.press("End")
    chair.evaluate("document.querySelector('.chairs button').click()")  # the reveal, with the focus where it was
    expect(chair.get_by_text("given an opinion; shown.")).to_be_visible()
    expect(text).to_have_value("Resection by planes")
    expect(text).to_be_focused()
    chair.keyboard.type(" A")
    expect(text).to_have_value("Resection by planes A")


def test_a_listener_sees_what_is_presented_and_counts_and_nothing_to_do(room: Room) -> None:
    published(room)
    presenter = room.enter("shows")
    listener = room.browser.new_context(viewport={"width": 1500, "height": 900}).new_page()
    listener.on("request", lambda request: room._watch(request.url))
    listener.on("pageerror", lambda fault: room.faults.append(str(fault)))
    listener.goto(f"{room.origin}/room/{MEETING}/feed/#{link(room.folder)}")
    expect(listener.get_by_role("heading", name="Network", exact=True)).to_be_visible()
    assert "#" not in listener.url
    presenter.get_by_role("button", name="Next page").click()
    expect(listener.get_by_role("heading", name="Images")).to_be_visible()
    expect(listener.locator(".sr-pane[data-view=axial] canvas").first).to_have_attribute(
        "aria-label", re.compile("/ 40")
    )
    before = slice_of(listener)
    scrolled(presenter, 3)
    expect(listener.locator(".sr-pane[data-view=axial] canvas").first).not_to_have_attribute("aria-label", before)
    assert listener.get_by_role("button", name=re.compile("vote|opinion|hand", re.IGNORECASE)).count() == 0
    listener.screenshot(path=PICTURES / "room_listener.png")
    listener.reload()
    expect(listener.get_by_role("heading", name="Images")).to_be_visible()

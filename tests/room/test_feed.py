import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest
from typer.testing import CliRunner

from sarcoma_review.cli_room import room_app
from sarcoma_review.meeting import Meeting, Member, visible
from sarcoma_review.room import Folder, listeners, publish
from sarcoma_review.room.listening import stop_listening
from sarcoma_review.room.public import public_state
from tests.room.attempts import present
from tests.room.listening import link, listener, state, until
from tests.room.test_publication import OUTCOME, pages, volume
from tests.room.visiting import MEETING, Visitor, serving

Visit = Callable[[str], Visitor]
WORDS = {"modality": "surgery", "decision": "resection", "agreement": "majority", "dissent": "hidden-dissent"}


@pytest.fixture
def http(folder: Folder, address: str) -> Iterator[httpx.Client]:
    """A listener."""
    with listener(folder, address) as client:
        yield client


def voted(visit: Visit) -> Visitor:
    """Three members voted, with a reason that nobody may hear; the ballot is closed."""
    chair, members = visit("chair"), [visit(name) for name in ("m1", "m2", "m3")]
    while len(present(chair)) < 4:
        chair.hear()
    chair.must("open_case", case_id="case-1")
    chair.must("open_ballot", ballot_id="b1", question="Resect?", options=["front", "back"])
    for member in members:
        member.must("vote", ballot_id="b1", choice="front", reason="hidden-reason")
    chair.must("close_ballot", ballot_id="b1")
    return chair


def test_entries_come_in_their_order_and_say_what_changed(http: httpx.Client, visit: Visit) -> None:
    chair = visit("chair")
    first = http.get("latest").json()["n"] + 1
    chair.must("open_case", case_id="case-1")
    number, _ = until(http, first, "open_case")
    chair.must("hand_over", to="chair")
    for step in (1.0, 2.0, 3.0):
        chair.must("view.set", case_id="case-1", crosshair_mm=[step, 0.0, 0.0])
    seen = [0.0]
    while seen[-1] < 3.0:
        number, view = until(http, number + 1, "view")
        seen.append(view["crosshair_mm"][0])
    assert seen == sorted(seen)
    assert http.get("latest").json()["n"] >= number


def test_an_entry_is_waited_for_and_never_changes(http: httpx.Client, visit: Visit) -> None:
    chair = visit("chair")
    chair.until_state(you=chair.state["you"] | {"present": True})
    time.sleep(0.5)  # nothing more is on its way
    number = http.get("latest").json()["n"] + 1
    threading.Timer(0.5, lambda: chair.send("open_case", case_id="case-1")).start()
    started = time.monotonic()
    entry = http.get(str(number))
    assert time.monotonic() - started > 0.3
    assert entry.json()["n"] == number
    chair.must("add_learning_point", text="A point.")
    assert http.get(str(number)).content == entry.content
    assert entry.headers["x-accel-expires"] == "10"


def test_where_nothing_comes_the_answer_is_empty(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "WAIT_S", 0.3)
    number = http.get("latest").json()["n"]
    assert http.get(str(number + 1)).status_code == 204
    assert http.get(str(number + 2)).status_code == 410
    assert http.get(str(number - 1)).status_code == 410


def test_at_most_twenty_entries_a_second_carry_the_newest_view(http: httpx.Client, visit: Visit) -> None:
    chair, shows = visit("chair"), visit("shows")
    chair.must("open_case", case_id="case-1")
    time.sleep(0.5)
    first, started = http.get("latest").json()["n"], time.monotonic()
    for step in range(60):
        shows.send("view.set", case_id="case-1", crosshair_mm=[float(step), 0.0, 0.0])
        time.sleep(0.02)
    shows.must("hello")
    time.sleep(0.3)
    latest, lasted = http.get("latest").json(), time.monotonic() - started
    assert latest["n"] - first <= 20 * lasted + 1
    assert latest["messages"][0]["view"]["crosshair_mm"][0] == 59.0


def test_nothing_of_a_vote_is_heard_before_the_reveal_and_only_the_split_after(
    http: httpx.Client, visit: Visit
) -> None:
    chair = voted(visit)
    time.sleep(0.3)
    (ballot,) = state(http)["ballots"]
    assert (ballot["result"], ballot["voted"]) == (None, 3)
    chair.must("reveal", ballot_id="b1")
    chair.must("decide", decision=WORDS | {"rationale": "hidden-rationale"})
    time.sleep(0.3)
    said = state(http)
    assert said["ballots"][0]["result"]["counts"] == {"front": 3, "back": 0}
    assert [each["decision"] for each in said["decisions"]] == ["resection"]


def test_no_entry_names_a_member_or_holds_a_reason(http: httpx.Client, visit: Visit) -> None:
    first = http.get("latest").json()["n"] + 1
    chair = voted(visit)
    chair.must("reveal", ballot_id="b1")
    chair.must("decide", decision=WORDS)
    time.sleep(0.3)
    latest = http.get("latest")
    heard = latest.text + "".join(http.get(str(number)).text for number in range(first, latest.json()["n"] + 1))
    assert "resection" in heard
    for secret in ("chair", "shows", "m1", "m2", "m3", "guest", "hidden", "own", "you", "case-2", "AA", "BB"):
        assert f'"{secret}' not in heard, secret


def test_a_listener_sees_nothing_that_an_observer_does_not(folder: Folder, visit: Visit) -> None:
    chair = voted(visit)
    chair.must("reveal", ballot_id="b1")
    meeting: Meeting = folder.meeting(MEETING)
    public, observed = public_state(meeting), visible(meeting, "guest")
    for name in ("title", "on_date", "mode", "purpose", "open_case"):
        assert public[name] == observed[name]
    seen = zip(public["ballots"] + public["agenda"], observed["ballots"] + observed["agenda"], strict=False)
    for ours, theirs in seen:
        shared = {name: theirs[name] for name in ours if name != "result"}
        assert shared == {name: value for name, value in ours.items() if name != "result"}
    assert public["ballots"][0]["result"].items() <= observed["ballots"][0]["result"].items()
    assert Member.model_fields.keys() & public.keys() == set()


def test_sealed_pages_and_cases_not_opened_stay_shut(folder: Folder, http: httpx.Client, visit: Visit) -> None:
    chair = visit("chair")
    published = publish(pages(volume()), folder.path, case_id="case-1")
    chair.must("publish_images", case_id="case-1", manifest=published.manifest, looked=True)
    assert http.get("cases/case-1").status_code == 404
    chair.must("open_case", case_id="case-1")
    case = http.get("cases/case-1").json()
    assert [page is None for page in case["pages"]] == [False, False, True, True]
    file = http.get(f"files/{case['scenes'][0]['files'][0]}")
    assert (file.status_code, file.headers["cache-control"]) == (200, "private, max-age=31536000, immutable")
    withheld = {path.name for path in (folder.path / "images").iterdir() if path.read_bytes() == OUTCOME.png}
    assert {http.get(f"files/{name}").status_code for name in withheld} == {404}


def test_a_link_that_was_taken_back_opens_nothing_and_ends_what_waits(
    folder: Folder, address: str, http: httpx.Client
) -> None:
    other = link(folder)
    number = http.get("latest").json()["n"] + 1
    stop_listening(folder.path, MEETING)
    for path in ("latest", str(number), "cases/case-1", f"files/{'0' * 64}"):
        assert http.get(path).status_code == 401
    assert http.post("join", json={"token": other}).status_code == 401
    with listener(folder, address) as again:
        assert again.get("latest").status_code == 200
    assert http.get("latest").status_code == 401


def test_only_the_link_of_this_meeting_and_of_this_day_opens(folder: Folder, address: str, visit: Visit) -> None:
    good, member = link(folder), visit("m1")
    ends, _, sign = good.partition(".")
    longer = f"{int(ends, 16) + 3600:x}.{sign}"
    expired = link(folder, timedelta(seconds=-1))
    for token in ("x", "", longer, expired, member.token, "é.1", f"{good}0"):
        answer = httpx.get(f"{address}feed/latest", headers={b"cookie": f"listener={token}".encode()})
        assert answer.status_code == 401, token
    other = address.replace(MEETING, "meeting-b")
    assert httpx.get(f"{other}feed/latest", headers={"cookie": f"listener={good}"}).status_code == 401
    assert httpx.get(f"{address}me", headers={"cookie": f"room={good}; listener={good}"}).status_code == 401


def test_the_cookie_is_sent_below_the_feed_alone(folder: Folder, address: str) -> None:
    answer = httpx.post(
        f"{address}feed/join", json={"token": link(folder)}, headers={"origin": "/".join(address.split("/")[:3])}
    )
    words = answer.headers["set-cookie"]
    assert f"Path=/room/{MEETING}/feed/;" in words
    assert {"HttpOnly", "SameSite=strict"} <= set(words.split("; "))


def test_the_command_prints_a_link_and_takes_all_back(folder: Folder, address: str) -> None:
    words = ["listen", MEETING, "--data", str(folder.path), "--base", "https://room.example.org"]
    printed = CliRunner().invoke(room_app, words, catch_exceptions=False).output.strip()
    token = printed.removeprefix(f"https://room.example.org/room/{MEETING}/feed/#")
    cookie = {"cookie": f"listener={token}"}
    assert httpx.get(f"{address}feed/latest", headers=cookie).status_code == 200
    assert CliRunner().invoke(room_app, [*words, "--stop"]).output.strip() == "taken back"
    assert httpx.get(f"{address}feed/latest", headers=cookie).status_code == 401


def test_the_key_of_the_links_is_its_owners_alone(folder: Folder) -> None:
    link(folder)
    (key,) = folder.path.glob("listen-*.key")
    assert key.stat().st_mode & 0o077 == 0


def test_a_server_that_ends_lets_go_of_whoever_waits_and_says_nothing(
    folder: Folder, capfd: pytest.CaptureFixture[str]
) -> None:
    statuses: list[int] = []
    with ExitStack() as staying:
        with serving(folder) as address:
            http = staying.enter_context(listener(folder, address))
            number = http.get("latest").json()["n"] + 1
            waiting = threading.Thread(target=lambda: statuses.append(http.get(str(number)).status_code))
            waiting.start()
            time.sleep(0.5)
        waiting.join(20)
    assert statuses == [503]
    assert capfd.readouterr().err == ""

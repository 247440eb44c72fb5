import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from sarcoma_review.errors import MeetingError, PresentationError, PrivacyError
from sarcoma_review.present import KeyImage
from sarcoma_review.present.images import images
from sarcoma_review.present.pages import Facts, Headline, Page, Pictures, Scene
from sarcoma_review.present.shown import Shown
from sarcoma_review.room import Folder, publish
from sarcoma_review.room.published import Published
from sarcoma_review.volume import Segment, Volume
from tests.room.visiting import Visitor

Visit = Callable[[str], Visitor]
PNG = b"\x89PNG\r\n\x1a\n"
OUTCOME = KeyImage(PNG + b"what was achieved", "Achieved", "the margin achieved")


def volume(**others: object) -> Volume:
    rng = np.random.default_rng(3)
    array = rng.integers(-1000, 1000, (12, 32, 32)).astype(np.int16)
    made = Volume(array, np.diag([3.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]], modality="CT", series_uid="1.2.3")
    return replace(made, **others)  # type: ignore[arg-type]


def shown(ct: Volume) -> Shown:
    tumour = Segment("tumour", replace(ct, array=ct.array > 900))
    return Shown(images(ct, beside=None, registration=None, fusion=None, labels=()), [tumour])


def pages(ct: Volume) -> list[Page]:
    still = KeyImage(PNG + b"a slice", "Axial", "an axial slice")
    return [
        Page("Question", (Headline("Resect?"), Facts([("Age", None)]))),
        Page("Imaging", (Scene(shown(ct), still),)),
        Page("Outcome", (Pictures([OUTCOME]),), part="after"),
        Page("Afterwards", (Scene(shown(replace(ct, array=ct.array[::-1])), still),), part="after"),
    ]


def test_every_file_is_named_by_what_is_in_it_and_a_second_time_writes_the_same(tmp_path: Path) -> None:
    first = publish(pages(volume()), tmp_path, case_id="case-1")
    files = {path.name: path.read_bytes() for path in (tmp_path / "images").iterdir()}
    assert all(sha256(content).hexdigest() == name for name, content in files.items())
    assert (len(files), sum(map(len, files.values()))) == (first.files, first.size_bytes)
    assert publish(pages(volume()), tmp_path, case_id="case-1") == first


def test_the_slabs_hold_every_voxel(tmp_path: Path) -> None:
    ct = volume()
    manifest = publish(shown(ct), tmp_path, case_id="case-1").manifest
    (scene,) = json.loads((tmp_path / "images" / manifest).read_text())["scenes"]
    found = np.zeros(ct.array.size, np.int16)
    for part, name in zip(scene["words"]["parts"], scene["files"], strict=True):
        if part["layer"] == "pixels":
            raw = zlib.decompress((tmp_path / "images" / name).read_bytes(), -15)
            low, high = np.frombuffer(raw, np.uint8).reshape(2, -1).astype(np.int32)
            zigzag = low + 256 * high
            steps = (zigzag >> 1) ^ -(zigzag & 1)
            found[part["offset"] : part["offset"] + steps.size] = np.cumsum(steps).astype(np.int16)
    np.testing.assert_array_equal(found.reshape(ct.shape), ct.array)


def test_images_past_the_gate_or_with_a_face_are_not_published(tmp_path: Path) -> None:
    for bad in (volume(clearance="ungated"), volume(head="the region is the head")):
        with pytest.raises(PrivacyError, match=r"gate|face"):
            publish(shown(bad), tmp_path, case_id="case-1")
    assert not (tmp_path / "images").exists()


def test_a_record_number_is_no_case_id(tmp_path: Path) -> None:
    with pytest.raises(PresentationError, match="pseudonym"):
        publish(pages(volume()), tmp_path, case_id="4857773456")


def announced(folder: Folder, chair: Visitor) -> str:
    manifest = publish(pages(volume()), folder.path, case_id="case-1").manifest
    chair.must("publish_images", case_id="case-1", manifest=manifest, looked=True)
    return manifest


def test_nothing_is_served_before_somebody_said_that_they_looked(folder: Folder, visit: Visit) -> None:
    chair = visit("chair")
    manifest = publish(pages(volume()), folder.path, case_id="case-1").manifest
    assert chair.http.get("cases/case-1").status_code == 404
    assert chair.http.get(f"files/{manifest}").status_code == 404
    body = {"case_id": "case-1", "manifest": manifest}
    assert chair.do("publish_images", **body, looked=False)["code"] == "malformed"
    assert chair.do("publish_images", **body | {"case_id": "case-2"}, looked=True)["code"] == "no_images"
    chair.must("publish_images", **body, looked=True)
    assert chair.http.get("cases/case-1").status_code == 200
    assert folder.meeting("meeting-a").cases["case-1"].manifest == manifest


def test_a_file_is_served_once_whole_in_pieces_and_to_members_alone(folder: Folder, visit: Visit) -> None:
    chair, guest = visit("chair"), visit("guest")
    announced(folder, chair)
    case = guest.http.get("cases/case-1")
    name = case.json()["scenes"][0]["files"][-1]
    whole = guest.http.get(f"files/{name}")
    assert sha256(whole.content).hexdigest() == name
    assert whole.headers["cache-control"] == "private, max-age=31536000, immutable"
    piece = guest.http.get(f"files/{name}", headers={"range": "bytes=10-19"})
    assert (piece.status_code, piece.content) == (206, whole.content[10:20])
    for path, answer in ((f"files/{name}", whole), ("cases/case-1", case)):
        again = guest.http.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    guest.http.cookies.clear()
    assert guest.http.get(f"files/{name}").status_code == 401


def test_what_was_done_is_served_when_the_opinions_are_revealed_and_not_before(folder: Folder, visit: Visit) -> None:
    chair, members = visit("chair"), [visit(member) for member in ("m1", "m2", "m3")]
    announced(folder, chair)
    outcome = f"files/{sha256(OUTCOME.png).hexdigest()}"

    def served() -> tuple[int, bool, int]:
        case = members[0].http.get("cases/case-1").json()
        return case["sealed"], "achieved" in str(case), members[0].http.get(outcome).status_code

    chair.must("open_case", case_id="case-1")
    while len(chair.state["members"]) > sum(each["present"] for each in chair.state["members"]) + 2:
        chair.hear()
    chair.must("open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
    for member in members:
        member.must("vote", ballot_id="b1", choice="yes")
    chair.must("close_ballot", ballot_id="b1")
    assert served() == (2, False, 404)
    chair.must("show_part", part="outcome")
    assert served() == (2, False, 404)  # shown, but the opinions are not revealed yet
    chair.must("reveal", ballot_id="b1")
    assert served() == (0, True, 200)


def test_a_sealed_page_cannot_be_shown(folder: Folder, visit: Visit) -> None:
    chair, shows = visit("chair"), visit("shows")
    announced(folder, chair)
    chair.must("open_case", case_id="case-1")
    shows.must("view.set", case_id="case-1", page=1, scene=0)
    for place in ({"page": 2}, {"page": 1, "scene": 1}, {"page": 9}, {"page": 1, "scene": 9}):
        assert shows.do("view.set", case_id="case-1", **place)["code"] == "sealed"


def test_the_journal_takes_down_what_was_shown_when_opinions_were_asked(folder: Folder, visit: Visit) -> None:
    chair, shows = visit("chair"), visit("shows")
    announced(folder, chair)
    chair.must("open_case", case_id="case-1")
    place = volume().position_mm((7, 3, 4)).tolist()
    shows.must("view.set", case_id="case-1", page=1, scene=0, crosshair_mm=place, window=[-100.0, 300.0])
    chair.must("open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
    mark = folder.meeting("meeting-a").cases["case-1"].view
    assert mark is not None
    assert (mark.series_uid, mark.slice, mark.plane, mark.window) == ("1.2.3", 7, "axial", (100.0, 400.0))


def test_a_list_that_was_changed_is_not_served(folder: Folder, visit: Visit) -> None:
    chair = visit("chair")
    manifest = publish(pages(volume()), folder.path, case_id="case-1").manifest
    place = folder.path / "images" / manifest
    place.write_bytes(place.read_bytes().replace(b'"after"', b'"befor"'))
    answer = chair.do("publish_images", case_id="case-1", manifest=manifest, looked=True)
    assert answer["code"] == "no_images"
    with pytest.raises(MeetingError, match="not what was published"):
        Published(folder.path).require(manifest, "case-1")

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from sarcoma_review.errors import PresentationError, PrivacyError
from sarcoma_review.present import thumbnail
from sarcoma_review.volume import Clearance, Segment, Volume
from sarcoma_review.widgets import StudyBrowser

CORONAL = np.array([[0, 0, 1.0, -40], [4.0, 0, 0, -70], [0, -1.0, 0, 30], [0, 0, 0, 1]])


@dataclass
class Held:
    """A study as the browser sees one."""

    volumes: list[Volume] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)


@pytest.fixture
def study() -> Held:
    ct = Volume(np.zeros((12, 30, 40), np.int16), np.diag([3.0, 0.8, 0.8, 1.0]), modality="CT", description="thorax")
    array = np.zeros((7, 60, 80), np.float32)
    array[3, :20, :20] = 100  # head, patient's right
    mr = Volume(array, CORONAL, modality="MR")
    tumour = Segment("tumour", Volume(array > 0, CORONAL))
    skipped = [(Path("doe^jane.txt"), "not DICOM"), (Path("b"), "broken header"), (Path("c"), "not DICOM")]
    return Held([ct, mr], [tumour], skipped, ["CT thorax: a gap of 3.0 mm"])


class Page:
    """What a browser page does: ask, and keep what is meant for it."""

    def __init__(self, browser: StudyBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
        self.browser, self.heard = browser, list[tuple[dict[str, Any], list[bytes]]]()
        monkeypatch.setattr(browser, "send", lambda words, buffers=(): self.heard.append((words, list(buffers))))

    def tell(self, **words: object) -> list[tuple[dict[str, Any], list[bytes]]]:
        before = len(self.heard)
        self.browser._handle_custom_msg({"page": "a", **words}, [])
        return self.heard[before:]


def grey(png: bytes) -> NDArray[np.int_]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


def test_the_repr_counts_what_is_there_and_what_is_not(study: Held) -> None:
    browser = StudyBrowser(study)
    assert repr(browser) == "<StudyBrowser CT 12 x 30 x 40, MR 7 x 60 x 80; 3 left out>"
    assert repr(StudyBrowser(Held())) == "<StudyBrowser no volumes; nothing left out>"
    shown = browser._repr_mimebundle_()
    assert shown is not None
    assert shown[0]["text/plain"] == repr(browser)


def test_a_page_hears_of_every_volume_and_every_reason_but_of_no_file(
    study: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    (words, buffers), *_ = Page(StudyBrowser(study), monkeypatch).tell(t="hello")
    assert (words["t"], words["to"], buffers) == ("study", "a", [])
    ct, mr = words["volumes"]
    assert (ct["modality"], ct["description"], ct["shape"]) == ("CT", "thorax", (12, 30, 40))
    assert (ct["spacing_mm"], ct["tilt_deg"], ct["outlines"]) == ((3.0, 0.8, 0.8), 0.0, [])
    assert mr["outlines"] == ["tumour"]
    assert words["left_out"] == [{"reason": "not DICOM", "count": 2}, {"reason": "broken header", "count": 1}]
    assert words["issues"] == ["CT thorax: a gap of 3.0 mm"]
    assert "doe" not in json.dumps(words)


def test_each_picture_follows_as_bytes_and_is_not_in_the_state(study: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = StudyBrowser(study)
    _, *pictures = Page(browser, monkeypatch).tell(t="hello")
    assert [(words["t"], words["to"], words["n"]) for words, _ in pictures] == [
        ("picture", "a", 0),
        ("picture", "a", 1),
    ]
    assert all(png.startswith(b"\x89PNG") for _, [png] in pictures)
    state = browser.get_state()
    own = {name for name in state if not name.startswith("_")} - {"layout", "tabbable", "tooltip"}
    assert own == {"chosen"}


def test_a_thumbnail_shows_the_acquired_plane_upright_in_true_proportions(study: Held) -> None:
    """Coronal slices of 60 mm by 80 mm: head on top, the patient's right on the left, the corner bright."""
    seen = grey(thumbnail(study.volumes[1], window=(0, 100), size_px=80))
    rows, columns = np.nonzero(seen > 128)
    assert (columns.min(), columns.max()) == pytest.approx((0, 19), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((10, 29), abs=1)  # 10 px of margin above 60 mm


def test_a_thumbnail_of_noise_is_below_20_kb() -> None:
    noise = np.random.default_rng(1).integers(-160, 240, (3, 512, 512)).astype(np.int16)
    assert len(thumbnail(Volume(noise, np.eye(4)[[2, 1, 0, 3]], modality="CT"))) < 20_000


def test_a_click_opens_a_volume_and_every_click_is_told(study: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, opened = StudyBrowser(study), list[Volume]()
    browser.on_open(opened.append)
    page = Page(browser, monkeypatch)
    assert (browser.chosen, browser.volume, browser.segments) == (-1, None, ())
    page.tell(t="open", n=1)
    assert (browser.chosen, browser.volume) == (1, study.volumes[1])
    assert [segment.name for segment in browser.segments] == ["tumour"]
    page.tell(t="open", n=1)
    page.tell(t="open", n=0)
    assert opened == [study.volumes[1], study.volumes[1], study.volumes[0]]


@pytest.mark.parametrize("n", [-1, 2, "0", None])
def test_what_is_not_there_is_not_opened(study: Held, n: object, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = StudyBrowser(study)
    Page(browser, monkeypatch).tell(t="open", n=n)
    assert browser.chosen == -1


def test_setting_a_number_opens_it_and_a_wrong_one_is_refused(study: Held) -> None:
    browser, opened = StudyBrowser(study), list[Volume]()
    browser.on_open(opened.append)
    browser.chosen = 1
    assert opened == [study.volumes[1]]
    with pytest.raises(PresentationError, match="volumes 0 to 1, and -1 for none; found 2"):
        browser.chosen = 2
    browser.chosen = -1
    assert (opened, browser.volume) == ([study.volumes[1]], None)


def test_images_past_the_gate_are_refused(study: Held) -> None:
    past: Clearance = "ungated"
    ungated = Volume(study.volumes[0].array, study.volumes[0].affine, clearance=past)
    with pytest.raises(PrivacyError, match="The study browser shows only images"):
        StudyBrowser(Held([*study.volumes, ungated]))
    with pytest.raises(PrivacyError, match="The study browser shows only images"):
        StudyBrowser(Held(study.volumes, [Segment("tumour", ungated)]))
    with pytest.raises(PrivacyError, match="A thumbnail shows only images"):
        thumbnail(ungated)

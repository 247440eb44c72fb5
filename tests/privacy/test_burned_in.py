import importlib.util
import socket

import numpy as np
import pytest

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy import burned_in
from sarcoma_review.privacy.blanking import TextLine, blank, mask
from sarcoma_review.privacy.burned_in import find_text
from tests.privacy.case import NAME
from tests.privacy.picture import SHAPE, grey

TEXT = TextLine((10, 20, 30, 100), "", is_marker=False)
MARKER = TextLine((12, 150, 28, 165), "", is_marker=True)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_a_name_is_found_and_a_marker_kept_without_any_network() -> None:
    burned_in._engine.cache_clear()
    picture = grey((f"{NAME} Una", 12, 10), ("L", 100, 290))
    lines = find_text(picture)
    blanked = blank(picture, lines)
    assert (blanked[14:28, 12:130] == picture.min()).all()
    assert (blanked[95:125, 280:] == picture[95:125, 280:]).all()


def test_text_is_found_lighter_or_darker_and_outside_the_ordinary_window() -> None:
    light = grey(("17.05.2008", 200, 30)).astype(np.int32)
    above = np.where(light > 1100, 30_000, light) + np.where(light > 1100, light, 0)
    for picture in (light, light.max() - light, above):
        taken = mask(SHAPE, find_text(picture))
        assert taken[203:216, 32:110].mean() > 0.95


def test_a_picture_without_text_is_left_as_it_is() -> None:
    picture = grey()
    assert (blank(picture, find_text(picture)) == picture).all()


def test_a_picture_too_small_or_of_one_value_holds_no_text() -> None:
    assert find_text(np.arange(64).reshape(8, 8)) == []
    assert find_text(np.full((100, 100), 7)) == []


def test_a_line_is_blanked_to_the_nearer_side_and_beyond_its_other_end() -> None:
    taken = mask((200, 300), [TEXT])
    assert taken[10:30, 0:120].all()
    assert not taken[10:30, 121:].any()
    assert not taken[40:].any()


def test_a_marker_in_the_band_of_a_line_stays() -> None:
    taken = mask((200, 300), [TextLine((10, 160, 30, 280), "", is_marker=False), MARKER])
    assert not taken[12:28, 150:160].any()
    assert taken[12:28, 165:].all()


def test_frames_and_colours_are_blanked_alike() -> None:
    frames = np.arange(2 * 60 * 80 * 3, dtype=np.uint8).reshape(2, 60, 80, 3)
    dark = np.array([0, 128, 128], np.uint8)
    blanked = blank(frames, [TEXT], dark=dark)
    assert (blanked[:, 10:30] == dark).all()
    assert (blanked[:, 40:] == frames[:, 40:]).all()


def test_what_lies_outside_every_region_goes() -> None:
    taken = mask((100, 100), [], [(10, 20, 50, 60), (60, 20, 90, 60)])
    assert not taken[10:50, 20:60].any()
    assert taken.sum() == 100 * 100 - 40 * 40 - 30 * 40


def test_what_was_read_is_not_shown() -> None:
    assert NAME not in repr(TextLine((0, 0, 9, 9), NAME, is_marker=False))


def test_without_the_extra_the_answer_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    burned_in._engine.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(PrivacyError, match=r"install the extra, sarcoma_review\[ocr\]"):
        find_text(grey((NAME, 10, 10)))

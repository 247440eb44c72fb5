import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.planning import Plane
from sarcoma_review.present import PURPOSE, KeyImage, slice_image
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import Viewer

AFFINE = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])
CUT = Plane((0, 45, 0), (0, 1, 0), name="cut", kerf_mm=2)


@pytest.fixture
def ct() -> Volume:
    array = np.zeros((12, 50, 60), np.int16)
    array[4] = 100
    return Volume(array, AFFINE, modality="CT", units="HU", description="knee")


@pytest.fixture
def tumour() -> Segment:
    mask = np.zeros((12, 50, 60), bool)
    mask[3:6, 10:20, 15:30] = True
    return Segment("tumour", Volume(mask, AFFINE))


def asked(viewer: Viewer, monkeypatch: pytest.MonkeyPatch, **words: object) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr(viewer, "send", lambda words, *_buffers: heard.append(words))
    viewer._handle_custom_msg({"page": "a", **words}, [])
    return heard


def orange(image: KeyImage) -> int:
    picture: NDArray[np.float64] = imread(io.BytesIO(image.png))[..., :3]
    return int(((picture[..., 0] > 0.8) & (picture[..., 2] < 0.2) & (picture[..., 1] < 0.75)).sum())


@pytest.mark.parametrize("view", ["axial", "coronal", "sagittal"])
def test_a_key_image_is_the_still_of_the_deck_at_the_crosshair(ct: Volume, tumour: Segment, view: Any) -> None:
    viewer = Viewer(ct, segments=[tumour], planes=[CUT], window=(-50, 150), crosshair_mm=(20, 15, 12))
    expected = slice_image(ct, view, (20, 15, 12), segments=[tumour], planes=[CUT], window=(-50, 150), footer=PURPOSE)
    found = viewer.key_image(view)
    assert (found.caption, found.alt) == (expected.caption, expected.alt)
    np.testing.assert_array_equal(imread(io.BytesIO(found.png)), imread(io.BytesIO(expected.png)))


def test_the_note_ends_the_caption(ct: Volume) -> None:
    viewer = Viewer(ct, crosshair_mm=(20, 15, 12))
    assert viewer.key_image("axial").caption == "CT knee, axial 5 of 12"
    assert viewer.key_image("axial", " soft\n tissue ").caption == "CT knee, axial 5 of 12: soft tissue"


def test_a_hidden_outline_is_not_on_it(ct: Volume, tumour: Segment) -> None:
    viewer = Viewer(ct, segments=[tumour], crosshair_mm=(20, 15, 12))
    shown = orange(viewer.key_image())
    viewer.hidden = ("tumour",)
    assert shown > 200
    assert orange(viewer.key_image()) == 0
    assert "tumour" not in viewer.key_image().alt


def test_a_page_keeps_one_writes_on_it_and_lets_it_go(ct: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Viewer(ct, crosshair_mm=(20, 15, 12))
    [kept] = asked(viewer, monkeypatch, t="keep", view="axial", image="first")
    assert kept == {"t": "kept", "kept": [{"n": 1, "words": "axial 5 of 12", "note": ""}]}
    asked(viewer, monkeypatch, t="keep", view="coronal", image="first")
    [kept] = asked(viewer, monkeypatch, t="note", n=1, note="cortex broken")
    assert [one["note"] for one in kept["kept"]] == ["cortex broken", ""]
    captions = [image.caption for image in viewer.key_images]
    assert captions == ["CT knee, axial 5 of 12: cortex broken", "CT knee, coronal 16 of 50"]
    asked(viewer, monkeypatch, t="unkeep", n=1)
    assert [image.caption for image in viewer.key_images] == ["CT knee, coronal 16 of 50"]
    [kept] = asked(viewer, monkeypatch, t="keep", view="axial", image="first")
    assert [one["n"] for one in kept["kept"]] == [2, 3]


def test_a_page_that_does_not_follow_keeps_what_it_shows_itself(
    ct: Volume, tumour: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(ct, segments=[tumour], window=(-50, 150), crosshair_mm=(20, 15, 0))
    own = {"crosshair_mm": [20, 15, 12], "window": [0, 90], "hidden": ["tumour"]}
    asked(viewer, monkeypatch, t="keep", view="axial", image="first", own=own)
    expected = slice_image(ct, "axial", (20, 15, 12), window=(0, 90), footer=PURPOSE)
    [found] = viewer.key_images
    assert found.caption == "CT knee, axial 5 of 12"
    np.testing.assert_array_equal(imread(io.BytesIO(found.png)), imread(io.BytesIO(expected.png)))


def test_what_changes_afterwards_does_not_change_a_kept_image(
    ct: Volume, tumour: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, and only drawn when everything about it has changed."""
    viewer = Viewer(ct, segments=[tumour], planes=[CUT], crosshair_mm=(20, 15, 12))
    before = viewer.key_image("axial")
    asked(viewer, monkeypatch, t="keep", view="axial", image="first")
    tumour.mask.array[...] = False
    ct.array[...] = 0
    viewer.planes, viewer.crosshair_mm = (), (20, 15, 0)
    viewer.set_window("bone")
    assert viewer.key_images == (before,)


def test_key_images_set_in_python_reach_the_pages_and_keep_their_captions(
    ct: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(ct, crosshair_mm=(20, 15, 12))
    asked(viewer, monkeypatch, t="keep", view="axial", image="first")
    mine = replace(viewer.key_image("sagittal"), caption="mine")
    viewer.key_images = (mine, *viewer.key_images)
    assert [image.caption for image in viewer.key_images] == ["mine", "CT knee, axial 5 of 12"]
    meta = asked(viewer, monkeypatch, t="hello")[0]
    assert [(one["n"], one["words"]) for one in meta["kept"]] == [(2, "mine"), (1, "axial 5 of 12")]


def test_the_image_beside_has_its_own_slices_and_window(ct: Volume) -> None:
    after = Volume(np.zeros((5, 50, 60), np.int16), AFFINE, modality="MR", description="after")
    viewer = Viewer(ct, beside=after, crosshair_mm=(20, 15, 12))
    assert viewer.key_image("axial", image="beside").caption == "MR after, axial 5 of 5"
    viewer.crosshair_mm = (20, 15, 30)
    with pytest.raises(GeometryError, match="the crosshair lies outside this image: axial 11 of 5"):
        viewer.key_image("axial", image="beside")


def test_what_cannot_be_kept_is_said_on_the_page_that_asked(ct: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Viewer(ct)
    with pytest.raises(PresentationError, match="axial, coronal or sagittal, found 'oblique'"):
        viewer.key_image("oblique")
    with pytest.raises(PresentationError, match="first image or of that beside, found 'fusion'"):
        viewer.key_image(image="fusion")
    with pytest.raises(PresentationError, match="up to 200 letters, found 201"):
        viewer.key_image(note="x" * 201)
    with pytest.raises(PresentationError, match="up to 60 key images, found 61"):
        viewer.key_images = [KeyImage(b"", "", "")] * 61
    _, said = asked(viewer, monkeypatch, t="keep", view="oblique", image="first")
    assert said["words"] == "a key image is axial, coronal or sagittal, found 'oblique'"
    viewer.key_images = [KeyImage(b"", "", "")] * 60
    _, said = asked(viewer, monkeypatch, t="keep", view="axial", image="first")
    assert said["words"] == "a viewer keeps up to 60 key images; delete one first"


def test_no_picture_is_in_the_widget_s_state(ct: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Viewer(ct)
    before = set(viewer.get_state())
    asked(viewer, monkeypatch, t="keep", view="axial", image="first")
    assert viewer.key_images[0].png.startswith(b"\x89PNG")
    assert set(viewer.get_state()) == before
    assert not any(isinstance(value, bytes) for value in viewer.get_state().values())


@pytest.mark.parametrize(
    ("view", "place"), [("axial", (20, 15, 13.5)), ("coronal", (20, 14.5, 12)), ("sagittal", (20.5, 15, 12))]
)
def test_half_way_between_two_slices_a_still_is_of_the_one_on_the_page(ct: Volume, view: Any, place: Any) -> None:
    viewer = Viewer(ct, crosshair_mm=place)
    axis = ("axial", "coronal", "sagittal").index(view)
    shown = f"{view} {viewer.crosshair_index[axis] + 1} of"
    assert shown in viewer.key_image(view).caption
    assert shown in slice_image(ct, view, place).caption


def test_whoever_asked_hears_of_every_change_of_the_key_images(ct: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer, heard = Viewer(ct, crosshair_mm=(20, 15, 12)), list[list[str]]()
    viewer.on_keep(lambda kept: heard.append([image.caption for image in kept]))
    asked(viewer, monkeypatch, t="keep", view="axial", image="first")
    asked(viewer, monkeypatch, t="note", n=1, note="soft tissue")
    viewer.key_images = ()
    assert heard == [["CT knee, axial 5 of 12"], ["CT knee, axial 5 of 12: soft tissue"], []]

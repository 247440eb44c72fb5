import json
import zlib
from typing import Any

import numpy as np
import pytest
import traitlets
from numpy.typing import NDArray

from sarcoma_review.errors import GeometryError, PresentationError, PrivacyError
from sarcoma_review.planning.resection import Plane
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import Viewer

AFFINE = np.array([[0.1, 0.0, 0.9, -40.0], [-0.2, 0.9, 0.0, -30.0], [2.0, 0.1, -0.1, 15.0], [0, 0, 0, 1.0]])
SHAPE = (12, 30, 40)


CUT = Plane((0, 0, 20), (0, 0, 1), name="proximal", kerf_mm=1.2)


@pytest.fixture
def ct() -> Volume:
    array = np.random.default_rng(5).integers(-1000, 2000, SHAPE).astype(np.int16)
    return Volume(array, AFFINE, "1.2.3", modality="CT", units="HU")


@pytest.fixture
def tumour() -> Segment:
    mask = np.zeros(SHAPE, bool)
    mask[3:6, 10:17, 20:31] = True
    return Segment("tumour", Volume(mask, AFFINE))


class Page:
    """What a browser page does: ask, and keep what is meant for it."""

    def __init__(self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.viewer, self.heard = viewer, list[tuple[dict[str, Any], list[Any]]]()
        monkeypatch.setattr(viewer, "send", lambda words, buffers=(): self.heard.append((words, list(buffers))))

    def ask(self, **words: object) -> list[tuple[dict[str, Any], list[Any]]]:
        before = len(self.heard)
        self.viewer._handle_custom_msg({"page": "a", **words}, [])
        return self.heard[before:]


def test_the_repr_is_the_same_every_time(ct: Volume, tumour: Segment) -> None:
    viewer = Viewer(ct, segments=[tumour, tumour], planes=[CUT, CUT, CUT])
    assert repr(viewer) == "<Viewer CT 12 x 30 x 40, 2 segments, 3 planes>"
    assert repr(Viewer(ct, segments=[tumour])) == "<Viewer CT 12 x 30 x 40, 1 segment>"
    assert repr(Viewer(Volume(ct.array, AFFINE))) == "<Viewer 12 x 30 x 40>"
    shown = viewer._repr_mimebundle_()
    assert shown is not None
    assert shown[0]["text/plain"] == repr(viewer)


def test_it_opens_at_the_first_segment(ct: Volume, tumour: Segment) -> None:
    assert Viewer(ct, segments=[tumour]).crosshair_index == (4, 13, 25)


def test_without_a_segment_it_opens_in_the_middle(ct: Volume) -> None:
    empty = Segment("tumour", Volume(np.zeros(SHAPE, bool), AFFINE))
    assert Viewer(ct).crosshair_index == Viewer(ct, segments=[empty]).crosshair_index == (5, 14, 19)


def test_the_value_is_that_of_the_nearest_voxel(ct: Volume) -> None:
    viewer = Viewer(ct, crosshair_mm=ct.position_mm((3.4, 6.6, 38.9)))
    assert viewer.crosshair_index == (3, 7, 39)
    assert viewer.value == ct.array[3, 7, 39]
    assert viewer.crosshair_mm == pytest.approx(tuple(ct.position_mm((3.4, 6.6, 38.9))), abs=1e-12)


@pytest.mark.parametrize("index", [(-0.5, -0.5, -0.5), (11.5, 29.5, 39.5)])
def test_the_rim_of_the_outermost_voxel_belongs_to_it(ct: Volume, index: tuple[float, ...]) -> None:
    viewer = Viewer(ct, crosshair_mm=ct.position_mm(index))
    assert ct.array[viewer.crosshair_index] == viewer.value


@pytest.mark.parametrize("index", [(-0.6, 3, 3), (3, 29.6, 3), (3, 3, 1000)])
def test_a_crosshair_outside_is_refused_with_the_extent(ct: Volume, index: tuple[float, ...]) -> None:
    viewer = Viewer(ct)
    before = viewer.crosshair_mm
    with pytest.raises(GeometryError, match=r"outside the volume: found \(.*\) mm, expected x .* to .* mm"):
        viewer.crosshair_mm = ct.position_mm(index)
    assert viewer.crosshair_mm == before


@pytest.mark.parametrize("position", [(1.0, 2.0), (np.nan, 0.0, 20.0)])
def test_what_is_no_position_is_refused(ct: Volume, position: tuple[float, ...]) -> None:
    with pytest.raises(GeometryError, match="crosshair"):
        Viewer(ct, crosshair_mm=position)


def test_a_page_cannot_put_the_crosshair_outside(ct: Volume) -> None:
    viewer = Viewer(ct)
    before = viewer.crosshair_mm
    with pytest.raises(GeometryError, match="outside the volume"):
        viewer.set_state({"crosshair_mm": [0.0, 0.0, 1e6]})
    assert viewer.crosshair_mm == before


def test_what_a_page_sets_is_read_back(ct: Volume) -> None:
    viewer = Viewer(ct)
    position = ct.position_mm((7, 8, 9)).tolist()
    viewer.set_state({"crosshair_mm": position, "window": [-5.5, 90], "preset": "", "enlarged": "coronal"})
    assert (viewer.crosshair_mm, viewer.crosshair_index) == (tuple(position), (7, 8, 9))
    assert (viewer.window, viewer.preset, viewer.enlarged) == ((-5.5, 90.0), "", "coronal")


def test_a_preset_sets_the_window_and_a_window_finds_its_preset(ct: Volume) -> None:
    viewer = Viewer(ct)
    assert (viewer.preset, viewer.window) == ("soft tissue", (-160.0, 240.0))
    viewer.set_window("bone")
    assert (viewer.preset, viewer.window) == ("bone", (-650.0, 1350.0))
    viewer.set_window((-100, 100))
    assert (viewer.preset, viewer.window) == ("", (-100.0, 100.0))
    viewer.window = (-1350, 150)
    assert viewer.preset == "lung"
    viewer.preset = "soft tissue"
    assert viewer.window == (-160.0, 240.0)


@pytest.mark.parametrize(
    ("window", "preset"), [("bone", "bone"), ((-650, 1350), "bone"), ((0, 9), ""), (None, "soft tissue")]
)
def test_it_opens_in_the_window_asked_for(ct: Volume, window: Any, preset: str) -> None:
    assert Viewer(ct, window=window).preset == preset


@pytest.mark.parametrize("window", ["bones", (3, 2)])
def test_an_impossible_window_is_refused(ct: Volume, window: Any) -> None:
    with pytest.raises(PresentationError, match=r"no window is called 'bones'|low below high, found 3 to 2 HU"):
        Viewer(ct, window=window)


def test_an_unknown_view_cannot_be_enlarged(ct: Volume) -> None:
    with pytest.raises(traitlets.TraitError, match="enlarged"):
        Viewer(ct).enlarged = "lateral"


def test_an_unknown_argument_is_refused(ct: Volume) -> None:
    with pytest.raises(TypeError, match="crosshair"):
        Viewer(ct, crosshair=(0, 0, 0))  # type: ignore[call-arg]


def test_images_past_the_gate_are_refused(ct: Volume, tumour: Segment) -> None:
    ungated = Volume(ct.array, AFFINE, clearance="ungated")
    with pytest.raises(PrivacyError, match="The viewer shows only images"):
        Viewer(ungated)
    mask = Volume(tumour.mask.array, AFFINE, clearance="ungated")
    with pytest.raises(PrivacyError, match="The viewer shows only images"):
        Viewer(ct, segments=[Segment("tumour", mask)])


def test_a_segment_on_another_grid_is_refused_by_name(ct: Volume, tumour: Segment) -> None:
    moved = AFFINE.copy()
    moved[0, 3] += 0.5
    with pytest.raises(GeometryError, match="segment 'femur' is not on the grid of the volume: expected"):
        Viewer(ct, segments=[tumour, Segment("femur", Volume(tumour.mask.array, moved))])


def test_a_segment_of_another_space_is_refused(ct: Volume, tumour: Segment) -> None:
    with pytest.raises(GeometryError, match="segment 'femur': expected one frame of reference"):
        Viewer(ct, segments=[Segment("femur", Volume(tumour.mask.array, AFFINE, "4.5.6"))])


def test_more_than_eight_segments_are_refused(ct: Volume, tumour: Segment) -> None:
    assert len(Viewer(ct, segments=[tumour] * 8).segments) == 8
    with pytest.raises(PresentationError, match="up to 8 segments at once, found 9"):
        Viewer(ct, segments=[tumour] * 9)


def test_no_voxel_is_in_the_widget_state(ct: Volume, tumour: Segment) -> None:
    state = Viewer(ct, segments=[tumour], planes=[CUT]).get_state()
    own = {name for name in state if not name.startswith("_")} - {"layout", "tabbable", "tooltip"}
    windows = {"window", "beside_window", "fusion_window", "preset"}
    opacities = {"fill_opacity", "fusion_opacity"}
    assert own == {"crosshair_mm", "enlarged", "hidden", "oblique"} | windows | opacities
    assert len(json.dumps({name: state[name] for name in own})) < 400


def test_nothing_is_sent_before_a_page_asks(ct: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(Viewer, "send", lambda *given: sent.append(given))
    Viewer(ct)
    assert sent == []


def _added_up(packed: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Voxels from their zigzag steps, all low bytes before all high ones."""
    steps = packed.reshape(2, -1).T.copy().view("<u2").ravel().astype(np.int32)
    return np.cumsum((steps >> 1) ^ -(steps & 1)).astype(np.int16)


def test_a_page_gets_the_whole_volume_part_by_part(
    ct: Volume, tumour: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(Viewer(ct, segments=[tumour]), monkeypatch)
    [(meta, _)] = page.ask(t="hello")
    kinds = {"preview": "<i2", "masks": "u1", "pixels": "<i2"}
    layers = {layer: np.zeros(1 << 16, kind) for layer, kind in kinds.items()}
    for n, part in enumerate(meta["parts"]):
        [(words, [packed])] = page.ask(t="part", part=n)
        assert words == {"t": "part", "to": "a", "part": n}
        bits = np.frombuffer(zlib.decompress(packed, -15), np.uint8)
        assert bits.nbytes <= 16 << 20
        values = bits if part["layer"] == "masks" else _added_up(bits)
        assert values.nbytes == part["bytes"]
        layers[part["layer"]][part["offset"] : part["offset"] + values.size] = values
    np.testing.assert_array_equal(layers["pixels"][: ct.array.size].reshape(SHAPE), ct.array)
    np.testing.assert_array_equal(layers["preview"][: 6 * 15 * 20].reshape(6, 15, 20), ct.array[::2, ::2, ::2])
    assert meta["masks"] == {"origin": (3, 10, 20), "shape": (3, 7, 11)}
    assert layers["masks"].sum() == 3 * 7 * 11


def test_the_first_answer_says_all_but_the_voxels(
    ct: Volume, tumour: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(Viewer(ct, segments=[tumour], planes=[CUT]), monkeypatch)
    [(meta, buffers)] = page.ask(t="hello")
    sent = json.loads(json.dumps(meta))
    assert (sent["t"], sent["to"], buffers) == ("meta", "a", [])
    [image] = sent["images"]
    assert (image["shape"], image["units"], image["modality"], image["role"]) == (list(SHAPE), "HU", "CT", "first")
    np.testing.assert_array_equal(np.reshape(image["affine"], (4, 4)), AFFINE)
    assert [segment["name"] for segment in sent["segments"]] == ["tumour"]
    assert image["presets"][1] == {"name": "bone", "window": [-650.0, 1350.0]}
    cut = {"name": "proximal", "point_mm": [0, 0, 20], "normal": [0, 0, 1], "kerf_mm": 1.2, "patch_mm": None}
    assert sent["planes"] == [cut]
    assert (sent["marks"], sent["skin"]) == ([], None)


@pytest.mark.parametrize("part", [-1, 10_000, "0", None])
def test_a_part_that_is_not_there_is_not_sent(ct: Volume, part: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Page(Viewer(ct), monkeypatch).ask(t="part", part=part) == []


def test_new_planes_go_to_every_page(ct: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Viewer(ct, planes=[CUT])
    page = Page(viewer, monkeypatch)
    viewer.planes = [Plane((0, 0, 9), (0, 0, -1), name="distal")]
    [(words, _)] = page.heard
    assert (words["t"], [plane["name"] for plane in words["planes"]]) == ("planes", ["distal"])
    assert "to" not in words
    assert page.ask(t="hello")[0][0]["planes"][0]["name"] == "distal"

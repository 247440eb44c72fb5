import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sarcoma_review.errors import GeometryError, PresentationError, PrivacyError
from sarcoma_review.planning import Plane, Registration, TumourSurface
from sarcoma_review.present.skin import skin
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import Viewer
from tests.widgets.test_viewer import Page

AFFINE = np.array([[0, 0, 0.9, -40.0], [0, 0.9, 0, -30.0], [2.0, 0, 0, 15.0], [0, 0, 0, 1.0]])
TURN = np.array([[0.96, -0.28, 0, 5.0], [0.28, 0.96, 0, -3.0], [0, 0, 1, 2.0], [0, 0, 0, 1]])
CUT = Plane((-22, -17, 25), (0.6, 0, 0.8), name="proximal")


@pytest.fixture
def before() -> Volume:
    return Volume(
        np.arange(12 * 30 * 40, dtype=np.int16).reshape(12, 30, 40), AFFINE, "1.2.3", modality="CT", units="HU"
    )


@pytest.fixture
def after(before: Volume) -> Volume:
    """The same anatomy in a scanner of its own: its positions are those of before, turned and moved."""
    return replace(before, affine=TURN @ AFFINE, frame_of_reference_uid="4.5.6", modality="MR", units="")


def _meta(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    words: dict[str, Any] = json.loads(json.dumps(Page(viewer, monkeypatch).ask(t="hello")[0][0]))
    return words


def test_a_registered_image_lies_where_the_first_one_does(
    before: Volume, after: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, beside = _meta(Viewer(before, beside=after, registration=TURN), monkeypatch)["images"]
    assert (first["role"], beside["role"], first["label"], beside["label"]) == ("first", "beside", "CT", "MR")
    np.testing.assert_allclose(beside["affine"], first["affine"], atol=1e-9)


def test_two_frames_of_reference_without_a_registration_are_refused(before: Volume, after: Volume) -> None:
    with pytest.raises(
        GeometryError, match=r"the image beside: expected one frame of reference, found …1\.2\.3 and …4\.5\.6"
    ):
        Viewer(before, beside=after)
    with pytest.raises(GeometryError, match="the fused image: expected one frame of reference"):
        Viewer(before, fusion=after)


def test_a_registration_of_other_images_is_refused(before: Volume, after: Volume) -> None:
    known = Registration(
        TURN, before.grid, np.zeros((1, 3)), np.empty((0, 4, 4)), fixed_frame_uid="1.2.3", moving_frame_uid="7.8.9"
    )
    with pytest.raises(GeometryError, match="the registration's moving image: expected one frame of reference"):
        Viewer(before, beside=after, registration=known)
    viewer = Viewer(before, beside=after, registration=replace(known, moving_frame_uid="4.5.6"))
    assert repr(viewer) == "<Viewer CT 12 x 30 x 40, one beside>"


@pytest.mark.parametrize(
    ("transform", "message"),
    [(np.diag([1.1, 1, 1, 1]), "is rigid"), (np.diag([-1.0, 1, 1, 1]), "is rigid"), (np.eye(3), "found shape")],
)
def test_a_transform_that_is_not_rigid_is_refused(
    before: Volume, after: Volume, transform: np.ndarray, message: str
) -> None:
    with pytest.raises(GeometryError, match=message):
        Viewer(before, beside=after, registration=transform)


def test_a_registration_to_nothing_and_too_many_labels_are_refused(before: Volume) -> None:
    with pytest.raises(PresentationError, match="leads to the image beside: expected beside="):
        Viewer(before, registration=TURN)
    with pytest.raises(PresentationError, match="expected up to 1 labels, one for each image, found 2"):
        Viewer(before, labels=("before", "after"))


def test_an_image_beside_or_fused_past_the_gate_is_refused(before: Volume) -> None:
    ungated = replace(before, clearance="ungated")
    with pytest.raises(PrivacyError, match="The viewer shows only images"):
        Viewer(before, beside=ungated)
    with pytest.raises(PrivacyError, match="The viewer shows only images"):
        Viewer(before, fusion=ungated)


def test_each_image_has_a_window_of_its_own(before: Volume) -> None:
    mr = replace(before, modality="MR", units="")
    viewer = Viewer(before, beside=mr, fusion=mr)
    assert viewer.window == (-160.0, 240.0)
    assert viewer.beside_window == viewer.fusion_window != viewer.window
    viewer.set_state({"beside_window": [3, 4], "fusion_window": [5, 6.5]})
    assert (viewer.beside_window, viewer.fusion_window) == ((3.0, 4.0), (5.0, 6.5))
    with pytest.raises(PresentationError, match="low below high, found 4 to 3"):
        viewer.beside_window = (4, 3)
    assert Viewer(before).beside_window == ()


def test_a_fusion_on_another_grid_is_interpolated_onto_the_first(before: Volume) -> None:
    s, r, c = np.indices((20, 20, 20))
    steps = np.array([[0, 0, 3.0, -50], [0, 3.0, 0, -40], [3.0, 0, 0, 5], [0, 0, 0, 1.0]])
    coarse = Volume((10 * s + 20 * r + 30 * c).astype(np.float32), steps, "1.2.3", modality="MR")
    viewer = Viewer(before, fusion=coarse)
    found = viewer._images[1].volume
    assert found.grid.same_as(before.grid)
    index = coarse.index(before.position_mm((4, 10, 20)))
    assert found.array[4, 10, 20] == pytest.approx(index @ (10, 20, 30), abs=0.01)


def test_what_a_fusion_does_not_reach_has_no_value(before: Volume) -> None:
    small = replace(before, array=before.array[:4], modality="MR")
    assert np.isnan(Viewer(before, fusion=small)._images[1].volume.array[8]).all()


def test_a_measurement_beside_is_read_from_the_image_beside(before: Volume, after: Volume) -> None:
    viewer = Viewer(before, beside=replace(after, array=after.array + 1000), registration=TURN)
    points = [before.position_mm((3, 10, 20)).tolist(), [0, 2.0, 0], [2.0, 0, 0]]
    for image in ("first", "beside"):
        words = {"t": "mark", "page": "a", "n": 1, "mark": {"kind": "ellipse", "image": image, "points": points}}
        viewer._handle_custom_msg(words, [])
    first, beside = (one.mean for one in viewer.measurements)  # type: ignore[union-attr]
    assert (first, beside) == (pytest.approx(before.array[3, 10, 20]), pytest.approx(first + 1000))


def test_marks_go_to_every_page_and_what_cannot_be_measured_is_said_on_one(
    before: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer(before)
    page = Page(viewer, monkeypatch)
    mark = {"kind": "length", "image": "first", "points": [[0, 0, 20], [0, 3, 24]]}
    [(drafted, _)] = page.ask(t="draft", n=7, mark=mark)
    assert (drafted["t"], drafted["to"], drafted["n"]) == ("draft", "a", 7)
    assert list(viewer.measurements) == []
    [(told, _)] = page.ask(t="mark", n=7, mark=mark)
    assert "to" not in told
    assert [(words["n"], words["words"].split()[0]) for words in told["marks"]] == [(1, "5.0")]
    assert list(viewer.measurements[0].points_mm) == [(0.0, 0.0, 20.0), (0.0, 3.0, 24.0)]
    [(refused, _)] = page.ask(t="mark", n=8, mark=mark | {"points": [[0, 0, 0], [0, 0, 0]]})
    assert (refused["t"], refused["to"]) == ("said", "a")
    assert "expected more than 0.001 mm" in refused["words"]
    assert page.ask(t="hello")[0][0]["marks"] == told["marks"]
    kept = viewer.measurements
    [(gone, _)] = page.ask(t="unmark", n=1)
    assert gone["marks"] == []
    viewer.measurements = kept
    assert page.heard[-1][0]["marks"][0]["n"] == 1


def test_an_oblique_view_is_along_a_plane_that_is_there_or_a_normal(before: Volume) -> None:
    viewer = Viewer(before, planes=[CUT])
    viewer.oblique = (0, 3, 4)
    assert viewer.oblique == pytest.approx((0.0, 0.6, 0.8))
    viewer.look_along("proximal")
    assert viewer.oblique == "proximal"
    assert float(CUT.distance_mm(viewer.crosshair_mm)) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(PresentationError, match="no plane is called 'distal' here; there are proximal"):
        viewer.oblique = "distal"
    with pytest.raises(GeometryError, match="a plane's name or a normal of three numbers"):
        viewer.oblique = (0, 0, 0)
    viewer.planes = []
    assert viewer.oblique == ""


def test_a_hidden_segment_is_one_that_is_there_and_an_opacity_a_share(before: Volume) -> None:
    mask = Volume(np.ones(before.shape, bool), AFFINE)
    viewer = Viewer(before, segments=[Segment("tumour", mask), Segment("femur", mask)])
    viewer.set_state({"hidden": ["femur"], "fill_opacity": 0.25})
    assert (viewer.hidden, viewer.fill_opacity) == (("femur",), 0.25)
    with pytest.raises(PresentationError, match="no segment is called 'tibia' here; there are tumour, femur"):
        viewer.hidden = ("tibia",)
    with pytest.raises(PresentationError, match=r"the opacity of a fill runs from 0 to 1, found 1\.5"):
        viewer.fill_opacity = 1.5


@pytest.fixture
def ball(before: Volume) -> TumourSurface:
    positions = before.position_mm(np.moveaxis(np.indices(before.shape), 0, -1))
    middle = before.position_mm((5.5, 15, 20))
    return TumourSurface.from_mask(Volume(np.linalg.norm(positions - middle, axis=-1) < 8, AFFINE))


def test_each_vertex_is_in_the_band_of_its_margin(ball: TumourSurface) -> None:
    margins = np.resize([-0.1, 0.0, 1.9, 2.0, 4.9, 5.0, 10.0, np.inf], len(ball.vertices))
    found = skin(ball, margins)
    assert found.bands[:8].tolist() == [0, 1, 1, 2, 2, 3, 4, 4]
    assert [band[0] for band in found.shown][:2] == ["cut through", "margin 0 to 2 mm"]


def test_margins_that_do_not_fit_the_surface_are_refused(ball: TumourSurface) -> None:
    with pytest.raises(PresentationError, match=r"expected \d+ margins, one a vertex, found shape \(3,\)"):
        skin(ball, [1, 2, 3])
    with pytest.raises(PresentationError, match="1 that are not a number"):
        skin(ball, np.where(np.arange(len(ball.vertices)) == 3, np.nan, 1.0))


def test_a_surface_travels_whole(before: Volume, ball: TumourSurface, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(Viewer(before, surface=ball), monkeypatch)
    meta = page.ask(t="hello")[0][0]
    assert meta["skin"]["vertices"] == len(ball.vertices)
    layers: dict[str, bytes] = {}
    for n, part in enumerate(meta["parts"]):
        [(_, [packed])] = page.ask(t="part", part=n)
        layers[part["layer"]] = layers.get(part["layer"], b"") + zlib.decompress(packed, -15)
    np.testing.assert_allclose(np.frombuffer(layers["vertices"], "<f4").reshape(-1, 3), ball.vertices, atol=1e-4)
    np.testing.assert_array_equal(np.frombuffer(layers["faces"], "<u4").reshape(-1, 3), ball.faces)


def test_a_plane_that_ends_tells_its_corners(before: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    corners = [(0.0, 0, 30), (8, 9, 24), (-8, 9, 36)]
    ended = Plane((0, 0, 30), (0.6, 0, 0.8), patch_mm=corners)
    [plane] = _meta(Viewer(before, planes=[ended]), monkeypatch)["planes"]
    np.testing.assert_allclose(sorted(plane["patch_mm"]), sorted([list(corner) for corner in corners]), atol=1e-9)

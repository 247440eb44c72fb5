import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError
from sarcoma_review.planning import grow, interpolate, paint, polygon
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import Outliner
from sarcoma_review.widgets.outline_bits import MOST_STEPS, runs

# Tilted by a few degrees about two axes, and sheared: nothing lies along the patient's own axes.
AFFINE = np.array([[0.2, -0.15, 0.98, -12.0], [-0.3, 0.97, 0.15, -20.0], [3.0, 0.25, 0.006, 4.0], [0, 0, 0, 1]])
SHAPE = (7, 22, 26)
CT = Volume(np.random.default_rng(3).integers(0, 100, SHAPE).astype(np.int16), AFFINE, modality="CT", units="HU")
BLANK = Volume(np.zeros(SHAPE, bool), AFFINE)


class Page:
    """A page that keeps the outlines as they arrive: the same rules as in js/label.js."""

    def __init__(self, outliner: Outliner, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outliner, self.bits, self.revision = outliner, np.zeros(SHAPE, np.uint8), 0
        self.heard: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        monkeypatch.setattr(outliner, "send", self.hear)

    def hear(self, words: dict[str, Any], buffers: Any = ()) -> None:
        self.heard.append(words)
        if words["t"] != "label":
            return
        self.sizes.append(len(json.dumps(words)) + sum(memoryview(buffer).nbytes for buffer in buffers))
        if words["before"] < 0 and words["k"] == 0:
            self.bits[:] = 0
        else:
            assert words["before"] in (self.revision, -1)
        part = np.repeat(np.asarray(buffers[1]), np.asarray(buffers[0])).reshape(words["shape"])
        box = tuple(slice(a, a + n) for a, n in zip(words["origin"], words["shape"], strict=True))
        self.bits[box] = part
        self.revision = words["revision"] if words["k"] == words["of"] - 1 else self.revision

    def ask(self, n: int, **step: object) -> None:
        self.outliner._handle_custom_msg({"t": "draw", "page": "a", "n": n, "step": step}, [])

    @property
    def answer(self) -> dict[str, Any]:
        return self.heard[-1]


def line(*indices: tuple[float, float, float]) -> list[list[float]]:
    found: list[list[float]] = np.round(CT.position_mm(indices), 3).tolist()
    return found


def array(outliner: Outliner, n: int = 0) -> NDArray[np.bool_]:
    return np.asarray(outliner.segments[n].mask.array)


STROKE = {"do": "brush", "segment": 0, "axis": 0, "radius_mm": 3.0, "erase": False, "values": None}


def test_a_stroke_of_a_page_is_what_paint_makes_of_the_whole_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    outliner = Outliner(CT)
    page = Page(outliner, monkeypatch)
    points = line((3, 5, 5), (3, 12, 18), (3, 40, 18))  # the last beyond the rim
    page.ask(1, **STROKE, points=points)
    assert (array(outliner) == paint(BLANK, points, radius_mm=3.0, plane_axis=0).array).all()
    assert page.answer == {"t": "drawn", "to": "a", "n": 1, "words": ""}
    assert (page.bits == array(outliner)).all()


def test_a_polygon_growing_and_interpolation_are_those_of_planning() -> None:
    outliner = Outliner(CT)
    corners = [line((2, 4.3, 4), (2, 4.3, 15), (2, 15, 9.4)), line((5, 6.3, 4), (5, 6.3, 15), (5, 15, 9.4))]
    for each in corners:
        outliner.draw("polygon", "tumour", points=each, erase=False)
    outliner.draw("interpolate", "tumour", axis=0)
    drawn = polygon(polygon(BLANK, corners[0]), corners[1])
    # The grid of the sample is sheared, but the two axes of its slices meet at right angles.
    assert (array(outliner) == interpolate(drawn, axis=0).array).all()
    seed = CT.position_mm(np.argwhere((CT.array > 40) & (CT.array < 60))[0])
    seed_mm = [round(float(mm), 3) for mm in seed]
    other = Outliner(CT)
    other.draw("grow", "tumour", points=[seed_mm], values=(30, 70), within_mm=9.0)
    assert (array(other) == grow(CT, seed_mm, low=30, high=70, max_distance_mm=9.0).array).all()


def test_the_value_brush_touches_no_voxel_outside_its_range() -> None:
    outliner = Outliner(CT, segments=["tumour", "bone"])
    how: dict[str, Any] = {"points": line((3, 8, 8), (3, 12, 18)), "axis": 0, "radius_mm": 4.0}
    outliner.draw("brush", "bone", **how, erase=False, values=(20, 60))
    full = paint(BLANK, how["points"], radius_mm=4.0, plane_axis=0).array
    allowed = (CT.array >= 20) & (CT.array <= 60)
    assert (array(outliner, 1) == (full & allowed)).all()
    outliner.draw("brush", "bone", **how, erase=True, values=(40, 100))
    assert (array(outliner, 1) == (full & allowed & (CT.array < 40))).all()
    assert not array(outliner, 0).any()


def test_a_step_is_taken_once_however_often_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    outliner = Outliner(CT)
    page = Page(outliner, monkeypatch)
    page.ask(1, **STROKE, points=line((3, 5, 5)))
    page.ask(2, do="undo")
    page.ask(3, do="redo")
    for _ in range(3):
        page.ask(2, do="undo")
        assert page.answer["n"] == 2
    assert array(outliner).any()
    assert len(outliner.journal.splitlines()) == 4


def test_what_does_nothing_leaves_no_trace_and_keeps_what_was_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    outliner = Outliner(CT)
    page = Page(outliner, monkeypatch)
    page.ask(1, **STROKE, points=line((3, 5, 5)))
    before = outliner.journal
    page.ask(2, **STROKE, points=line((3, 5, 5)))
    page.ask(3, **STROKE, points=line((3, 500, 500)))
    assert outliner.journal == before
    page.ask(4, do="undo")
    page.ask(5, **{**STROKE, "erase": True}, points=line((3, 5, 5)))
    page.ask(6, do="redo")
    assert array(outliner).any()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"do": "paint"}, "is one of brush, polygon, grow, interpolate, mask, rename, delete, add, undo or redo"),
        ({**STROKE, "segment": 4, "points": [[0, 0, 0]]}, "a segment's number is 0 to 0"),
        ({**STROKE, "segment": True, "points": [[0, 0, 0]]}, "a segment's number is 0 to 0"),
        ({**STROKE, "points": [[0, 0]]}, "places of 3 finite numbers in mm"),
        ({**STROKE, "points": [[0, 0, "nan"]]}, "places of 3 finite numbers in mm"),
        ({**STROKE, "points": "somewhere"}, "this brush is not complete"),
        ({**STROKE, "points": [[0, 0, 0]], "radius_mm": 1e9}, "measure 0 to 200 mm"),
        ({**STROKE, "points": [[0, 0, 0]], "axis": 7}, "an index axis is 0"),
        ({**STROKE, "points": line((3, 5, 5)), "values": [9, 2]}, "values run from low to high, got 9 to 2"),
        ({"do": "grow", "segment": 0, "points": line((3, 5, 5)), "within_mm": 5}, "growing needs the values"),
        (
            {"do": "grow", "segment": 0, "points": line((3, 5, 5)), "values": [900, 990], "within_mm": 5},
            "nothing grows",
        ),
        (
            {"do": "grow", "segment": 0, "points": line((3, 5, -9)), "values": [0, 99], "within_mm": 5},
            "outside the volume",
        ),
        ({"do": "interpolate", "segment": 0, "axis": 0}, "at least 2 outlined slices, found 0"),
        ({"do": "mask", "segment": 0, "bits": "AAAA"}, "does not fit this volume"),
        ({"do": "add", "name": "  "}, "a segment's name has 1 to 40 letters, found 0"),
        ({"do": "add", "name": "tum\u202eour"}, "found 1 that cannot"),
        ({"do": "add", "name": "tumour"}, "each with a name of its own"),
        ({"do": "rename", "segment": 0, "name": "x" * 41}, "1 to 40 letters, found 41"),
        ({"do": "delete", "segment": 0}, "1 to 8 segments are outlined at once"),
    ],
)
def test_a_bad_step_is_told_to_its_page_and_changes_nothing(
    step: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outliner = Outliner(CT)
    page = Page(outliner, monkeypatch)
    page.ask(1, **step)
    assert words in page.answer["words"]
    assert page.answer["to"] == "a"
    assert len(outliner.journal.splitlines()) == 1


def test_errors_keep_their_kind_in_python() -> None:
    outliner = Outliner(CT)
    with pytest.raises(EmptyMaskError, match="at least 2 outlined slices"):
        outliner.draw("interpolate", "tumour", axis=0)
    with pytest.raises(PlanError, match="no segment is called 'nerve' here; there are tumour"):
        outliner.draw("interpolate", "nerve", axis=0)
    with pytest.raises(GeometryError, match="image and outline: expected one grid"):
        outliner.outline("tumour", Volume(np.zeros(SHAPE, bool), np.eye(4)))


def test_a_late_page_gets_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.zeros(SHAPE, bool)
    mask[2:5, 3:9, 4:20] = True
    outliner = Outliner(CT, segments=[Segment("tumour", Volume(mask, AFFINE)), "bone"])
    outliner.draw("brush", "bone", points=line((3, 5, 5)), axis=0, radius_mm=4.0, erase=False)
    page = Page(outliner, monkeypatch)
    outliner._handle_custom_msg({"t": "label", "page": "late"}, [])
    assert page.answer["to"] == "late"
    assert (page.bits & 1 == mask).all()
    assert (page.bits >> 1 == array(outliner, 1)).all()
    outliner._handle_custom_msg({"t": "hello", "page": "late"}, [])
    meta = next(words for words in page.heard if words["t"] == "meta")
    assert [row["name"] for row in meta["segments"]] == ["tumour", "bone"]
    assert meta["masks"]["shape"] == (0, 0, 0)


def test_a_mask_from_python_is_a_step_that_can_be_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    outliner = Outliner(CT)
    page = Page(outliner, monkeypatch)
    mask = np.random.default_rng(0).random(SHAPE) < 0.5
    outliner.outline("nerve", Volume(mask, AFFINE))
    assert (array(outliner, 1) == mask).all()
    assert (page.bits == mask.astype(np.uint8) << 1).all()
    outliner.undo()
    assert not array(outliner, 1).any()
    outliner.redo()
    assert (array(outliner, 1) == mask).all()
    assert (
        repr(outliner) == f"<Outliner CT 7 x 22 x 26: tumour 0.00 ml, nerve {outliner.segments[1].volume_ml:.2f} ml>"
    )


def test_the_oldest_steps_can_no_longer_be_undone() -> None:
    outliner = Outliner(CT)
    for n in range(MOST_STEPS + 5):
        outliner.draw("brush", "tumour", points=line((3, 5, 5)), axis=0, radius_mm=0.0, erase=bool(n % 2))
    for _ in range(MOST_STEPS + 20):
        outliner.undo()
    assert array(outliner).sum() == 1  # five were left: on, off, on, off, on


INDEX = st.tuples(st.integers(0, 6), st.floats(-3, 25), st.floats(-3, 28))
STEPS = st.one_of(
    st.builds(
        lambda at, to, radius, erase, segment: {
            **STROKE,
            "points": line(at, (at[0], *to)),
            "radius_mm": radius,
            "erase": erase,
            "segment": segment,
        },
        INDEX,
        st.tuples(st.floats(0, 21), st.floats(0, 25)),
        st.floats(0, 6),
        st.booleans(),
        st.integers(0, 1),
    ),
    st.builds(
        lambda at, erase: {
            "do": "polygon",
            "segment": 0,
            "erase": erase,
            "points": line(at, (at[0], at[1] + 9, at[2]), (at[0], at[1], at[2] + 9)),
        },
        INDEX,
        st.booleans(),
    ),
    st.sampled_from([{"do": "undo"}, {"do": "undo"}, {"do": "redo"}, {"do": "interpolate", "segment": 0, "axis": 0}]),
)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=12))
def test_a_journal_leads_to_the_same_bits_and_pages_hold_them_too(steps: list[dict[str, Any]]) -> None:
    outliner = Outliner(CT, segments=["tumour", "bone"])
    with pytest.MonkeyPatch.context() as patch:
        page = Page(outliner, patch)
        for n, step in enumerate(steps):
            page.ask(n, **step)
    again = Outliner(CT, segments=["tumour", "bone"], journal=outliner.journal)
    assert (again._outlines.bits == outliner._outlines.bits).all()
    assert (page.bits == outliner._outlines.bits).all()
    assert again.journal == outliner.journal
    counted = [int(array(outliner, n).sum()) for n in (0, 1)]
    assert outliner._outlines.voxels == counted
    undos = sum(step["do"] == "undo" for step in map(json.loads, outliner.journal.splitlines()[1:]))
    assert undos <= sum(step["do"] == "undo" for step in steps)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_runs_tell_every_voxel(values: list[int]) -> None:
    part = np.array(values, np.uint8).reshape(1, 1, -1)
    lengths, found = runs(part)
    assert np.repeat(found, lengths).tolist() == values
    assert (np.diff(found.astype(int)) != 0).all()


def test_a_large_change_travels_in_messages_below_8_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    # Noise is the worst there is: hardly two voxels in a row are alike.
    shape = (40, 320, 320)
    outliner = Outliner(Volume(np.zeros(shape, np.int16), np.eye(4)))
    sizes: list[int] = []
    monkeypatch.setattr(outliner, "send", lambda _words, buffers=(): sizes.append(sum(b.nbytes for b in buffers)))
    outliner.outline("tumour", Volume(np.random.default_rng(0).random(shape) < 0.5, np.eye(4)))
    assert len(sizes) > 2
    assert max(sizes) < 8 << 20


# --- the file ---


def _drawn(path: Path) -> Outliner:
    outliner = Outliner(CT, autosave=path)
    outliner.draw("brush", "tumour", points=line((3, 5, 5)), axis=0, radius_mm=4.0, erase=False)
    outliner.draw("brush", "tumour", points=line((4, 12, 15)), axis=0, radius_mm=3.0, erase=False)
    return outliner


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "tumour.jsonl"
    outliner = _drawn(path)
    assert path.read_text() == outliner.journal
    again = Outliner(CT, autosave=path)
    assert (array(again) == array(outliner)).all()
    assert again.findings == ()
    again.undo()
    assert path.read_text() == again.journal
    assert len(path.read_text().splitlines()) == 4


@pytest.mark.parametrize("cut", [1, 9, 60])
def test_a_line_that_was_cut_off_is_left_aside_and_told(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "tumour.jsonl"
    outliner = _drawn(path)
    outliner.undo()
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"do":"brush","segment":0,"points":[[1.25,3.5,7]],"radius_mm":4.0}\n'[:cut])
    again = Outliner(CT, autosave=path)
    assert again.findings == (f"the journal's last line was cut off: {cut} bytes were left aside, the rest is kept",)
    assert (array(again) == array(outliner)).all()
    assert path.read_bytes() == whole
    assert path.with_name("tumour.jsonl.aside").stat().st_size == cut
    assert Outliner(CT, autosave=path).findings == ()


def test_a_broken_line_within_the_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tumour.jsonl"
    _drawn(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:20], lines[2], ""]))
    with pytest.raises(PlanError, match="line 2 of the journal is no step of outlining"):
        Outliner(CT, autosave=path)


def test_another_image_or_another_start_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tumour.jsonl"
    journal = _drawn(path).journal
    other = Volume(CT.array + np.int16(1), AFFINE, modality="CT")
    for volume, segments in ((other, ["tumour"]), (CT, ["bone"])):
        with pytest.raises(PlanError, match="begun on something else: expected the same grid, voxels and segments"):
            Outliner(volume, segments=segments, autosave=path)
        with pytest.raises(PlanError, match="begun on something else"):
            Outliner(volume, segments=segments, journal=journal)


def test_a_file_that_is_no_journal_is_left_as_it_is(tmp_path: Path) -> None:
    for text in ("name,age\nx,3\ny", "a letter", '{"journal":2}\n'):
        path = tmp_path / "other.csv"
        path.write_text(text)
        with pytest.raises(PlanError, match="journal"):
            Outliner(CT, autosave=path)
        assert path.read_text() == text


def test_an_outliner_whose_file_went_on_elsewhere_takes_no_more_steps(tmp_path: Path) -> None:
    path = tmp_path / "tumour.jsonl"
    old = _drawn(path)
    new = Outliner(CT, autosave=path)
    new.undo()
    with pytest.raises(PlanError, match="saved by another outliner by now"):
        old.undo()
    assert array(old).sum() > array(new).sum()
    assert path.read_text() == new.journal


def test_a_step_that_cannot_be_saved_is_not_taken(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    outliner = _drawn(folder / "tumour.jsonl")
    before = array(outliner).copy()
    folder.rename(tmp_path / "gone")
    with pytest.raises(PlanError, match="the step was not saved, and was not taken: No such file"):
        outliner.draw("brush", "tumour", points=line((1, 5, 5)), axis=0, radius_mm=4.0, erase=False)
    assert (array(outliner) == before).all()


def test_a_journal_may_go_on_in_a_file(tmp_path: Path) -> None:
    first = Outliner(CT)
    first.draw("brush", "tumour", points=line((3, 5, 5)), axis=0, radius_mm=4.0, erase=False)
    path = tmp_path / "tumour.jsonl"
    second = Outliner(CT, journal=first.journal, autosave=path)
    second.draw("brush", "tumour", points=line((4, 5, 5)), axis=0, radius_mm=4.0, erase=False)
    third = Outliner(CT, journal=first.journal, autosave=path)
    assert (array(third) == array(second)).all()
    assert path.read_text() == second.journal
    with pytest.raises(PlanError, match="other steps than the one given"):
        Outliner(CT, journal=second.journal + '{"do":"undo"}\n', autosave=path)


def test_a_journal_holds_nothing_of_the_image_but_its_grid_and_a_checksum() -> None:
    uid = "1.2.826.0.1.3680043.8.498.7"
    ct = Volume(CT.array, AFFINE, uid, slice_uids=(uid,) * 7, series_uid=uid, description="left knee")
    outliner = Outliner(ct)
    outliner.draw("brush", "tumour", points=line((3, 5, 5)), axis=0, radius_mm=4.0, erase=False)
    assert "1.2.826" not in outliner.journal
    assert "knee" not in outliner.journal
    assert set(json.loads(outliner.journal.splitlines()[0])) == {
        "journal",
        "shape",
        "affine",
        "segments",
        "image",
        "outlines",
    }


def test_segments_can_be_hidden_by_their_names() -> None:
    outliner = Outliner(CT, segments=["tumour", "bone"])
    outliner.hidden = ("bone",)
    assert outliner.hidden == ("bone",)
    with pytest.raises(ValueError, match="no segment is called 'nerve' here; there are tumour, bone"):
        outliner.hidden = ("nerve",)


def test_a_segment_is_named_anew_and_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    outliner = Outliner(CT, segments=["tumour", "nerve"])
    outliner.draw("brush", "nerve", points=line((3, 9, 9)), axis=0, radius_mm=3, erase=False)
    outliner.hidden = ("nerve",)
    page = Page(outliner, monkeypatch)
    drawn = array(outliner, 1)
    page.ask(1, do="rename", segment=1, name=" sciatic  nerve ")
    assert [one.name for one in outliner.segments] == ["tumour", "sciatic nerve"]
    assert outliner.hidden == ("sciatic nerve",)
    np.testing.assert_array_equal(array(outliner, 1), drawn)


def test_a_segment_that_is_deleted_leaves_the_others_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    outliner = Outliner(CT, segments=["one", "two", "three"])
    page = Page(outliner, monkeypatch)
    for n, name in enumerate(("one", "two", "three", "two")):
        outliner.draw("brush", name, points=line((3, 6 + 3 * n, 9)), axis=0, radius_mm=4, erase=False)
    first, third = array(outliner, 0), array(outliner, 2)
    outliner.hidden = ("two",)
    page.ask(1, do="delete", segment=1)
    assert [one.name for one in outliner.segments] == ["one", "three"]
    np.testing.assert_array_equal(array(outliner, 0), first)
    np.testing.assert_array_equal(array(outliner, 1), third)
    np.testing.assert_array_equal(page.bits, first | third.astype(np.uint8) << 1)
    assert outliner.hidden == ()
    for _ in range(3):
        outliner.undo()
    assert outliner.segments[0].volume_ml == outliner.segments[1].volume_ml == 0


def test_names_and_deletions_come_back_from_the_journal(tmp_path: Path) -> None:
    file = tmp_path / "outline.jsonl"
    outliner = Outliner(CT, segments=["one", "two"], autosave=file)
    outliner.draw("brush", "two", points=line((3, 9, 9)), axis=0, radius_mm=4, erase=False)
    outliner.rename("two", "tumour")
    outliner.delete("one")
    again = Outliner(CT, segments=["one", "two"], autosave=file)
    assert [one.name for one in again.segments] == ["tumour"]
    np.testing.assert_array_equal(array(again), array(outliner))


@pytest.mark.parametrize("reach", [3.0, 30.0, 60.0, 150.0])
def test_growing_with_a_long_reach_finds_what_a_search_of_it_all_finds(reach: float) -> None:
    """A bar 120 mm long and a ball of 10 mm beside it, which a reach of 25 mm holds."""
    values = np.zeros((60, 40, 40), np.int16)
    values[:, 20:24, 20:24] = 200
    values[28:33, 5:10, 5:10] = 200
    ct = Volume(values, np.diag([2.0, 1.5, 1.5, 1.0]), modality="CT", units="HU")
    for index in ((3, 21, 21), (30, 7, 7)):
        outliner = Outliner(ct)
        seed = ct.position_mm(index).tolist()
        outliner.draw("grow", "tumour", points=[seed], values=[100, 300], within_mm=reach)
        whole = grow(ct, seed, low=100, high=300, max_distance_mm=reach)
        np.testing.assert_array_equal(array(outliner), whole.array)


def test_what_is_drawn_is_saved_on_request_and_said_where(monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[list[str]] = []

    def save(segments: tuple[Segment, ...]) -> str:
        if saved:
            raise OSError(28, "No space left on device")
        saved.append([one.name for one in segments])
        return "outline.dcm"

    outliner = Outliner(CT, segments=["tumour", "nerve"], save=save)
    page = Page(outliner, monkeypatch)
    said = []
    for drawn in (False, True, True):
        if drawn:
            outliner.draw("brush", "tumour", points=line((3, 9, 9)), axis=0, radius_mm=4, erase=False)
        outliner._handle_custom_msg({"t": "save", "page": "a"}, [])
        said.append(page.answer["words"])
    assert said[:2] == ["Nothing is drawn yet that could be saved.", "Saved: outline.dcm"]
    assert said[2].startswith("Not saved")
    assert "No space left" in said[2]
    assert saved == [["tumour"]]

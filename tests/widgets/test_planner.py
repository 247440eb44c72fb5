"""What a planner answers to pages; `tests/browser/test_planner.py` does the same by hand in a real notebook."""

import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import Plane, ResectionPlan, Uncertainty, resection_margins
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.present.skin import bands_of
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets import MarginPlanner

AFFINE = np.array([[0, 0, 1, -20.0], [0, 1, 0, -20.0], [1, 0, 0, -20.0], [0, 0, 0, 1]])
AWAY = np.linalg.norm(np.mgrid[-20:21, -20:21, -20:21], axis=0)
CT = Volume((AWAY < 10).astype(np.int16), AFFINE, modality="CT")
TUMOUR = Segment("tumour", Volume(AWAY < 10, AFFINE))
UP = Plane((0, 0, 16), (0, 0, 1), name="proximal")
BACK = Plane((0, 18, 0), (0, 1, 0), name="posterior")


class Page:
    """A page's side of the wire: what it says goes in, what is said to it is kept."""

    def __init__(self, planner: MarginPlanner, monkeypatch: pytest.MonkeyPatch) -> None:
        self.planner, self.heard = planner, list[tuple[dict[str, Any], list[Any]]]()
        monkeypatch.setattr(planner, "send", lambda words, buffers=(): self.heard.append((words, list(buffers))))

    def say(self, **words: Any) -> None:
        self.planner._answer(None, {"page": "one", **words}, [])

    def pose(self, z_mm: float, *, done: bool, name: str = "proximal") -> None:
        plane = {"name": name, "point_mm": [0, 0, z_mm], "normal": [0, 0, 1], "kerf_mm": 1}
        self.say(t="pose", n=1, plane=plane, done=done)

    def last(self, kind: str) -> tuple[dict[str, Any], list[Any]]:
        return [heard for heard in self.heard if heard[0]["t"] == kind][-1]


@pytest.fixture
def planner() -> MarginPlanner:
    return MarginPlanner(CT, TUMOUR, ResectionPlan([UP, BACK]), uncertainty=Uncertainty(execution_sd_mm=2.0))


@pytest.fixture
def page(planner: MarginPlanner, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(planner, monkeypatch)


def test_a_plane_that_is_being_dragged_is_told_live_and_is_no_step_yet(page: Page, planner: MarginPlanner) -> None:
    before = planner.report.per_plane["proximal"]
    page.pose(18.0, done=False)
    words, buffers = page.last("live")
    assert words["margins"][0] == pytest.approx(before + 2.0, abs=0.01)
    least, low, high = words["least"]
    assert low < least < high
    assert sum(words["fractions"]) == pytest.approx(1.0)
    assert len(buffers[0]) == len(TumourSurface.from_mask(TUMOUR.mask).vertices)
    assert planner.plan.planes[0] is UP


def test_let_go_it_is_measured_as_ever_and_can_be_undone(page: Page, planner: MarginPlanner) -> None:
    page.pose(19.0, done=True)
    plan = ResectionPlan([Plane((0, 0, 19), (0, 0, 1), name="proximal"), BACK])
    expected = resection_margins(TumourSurface.from_mask(TUMOUR.mask), plan)
    assert planner.report.per_plane == expected.per_plane
    words, buffers = page.last("plan")
    assert words["plan"]["rows"][0]["margin"] == expected.per_plane["proximal"]
    np.testing.assert_array_equal(np.frombuffer(buffers[0], np.uint8), bands_of(expected.distances_mm))
    page.say(t="book", do="undo")
    assert planner.plan.planes[0] is UP
    page.say(t="book", do="redo")
    assert planner.plan.planes[0].point_mm[2] == 19.0


def test_while_a_plane_moves_a_body_still_bounds_the_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    held = MarginPlanner(CT, TUMOUR, ResectionPlan([UP], expansion_mm=4.0))
    page = Page(held, monkeypatch)
    page.pose(40.0, done=False)
    words, buffers = page.last("live")
    assert words["least"][0] == 4.0
    assert set(np.frombuffer(buffers[0], np.uint8)) == {2}  # 2 to 5 mm, everywhere


def test_a_late_page_is_sent_the_colours_as_they_are(page: Page, planner: MarginPlanner) -> None:
    page.pose(11.0, done=True)
    part = next(n for n, part in enumerate(planner._parts) if part.layer == "bands")
    page.say(t="part", part=part)
    _, buffers = page.last("part")
    bands = np.frombuffer(zlib.decompress(buffers[0], -15), np.uint8)
    np.testing.assert_array_equal(bands, bands_of(planner.report.distances_mm))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"t": "uncut", "name": "distal"}, ""),
        ({"t": "book", "do": "drop"}, "the last plan stays: add another first"),
        ({"t": "book", "do": "open", "name": "Q"}, "no plan is called 'Q'; there are: A"),
        ({"t": "cut", "plane": {"name": "cut 1", "point_mm": [0, 0], "normal": [0, 0, 1]}}, "3 numbers each"),
        ({"t": "cut", "plane": {"name": "cut 1", "point_mm": "here", "normal": [0, 0, 1]}}, "are numbers"),
        (
            {"t": "cut", "plane": {"name": "", "point_mm": [0, 0, 0], "normal": [0, 0, 1]}},
            "1 to 40 letters, found 0",
        ),
    ],
)
def test_what_a_page_asks_in_vain_is_said_there_and_changes_nothing(
    page: Page, planner: MarginPlanner, asked: dict[str, Any], words: str
) -> None:
    page.say(**asked)
    assert [plane.name for plane in planner.plan.planes] == ["proximal", "posterior"]
    if words:
        said, _ = page.last("said")
        assert words in said["words"]
        assert said["to"] == "one"


def test_planes_set_in_python_are_a_step_like_any_other(page: Page, planner: MarginPlanner) -> None:
    planner.planes = [BACK]
    assert [plane.name for plane in planner.plan.planes] == ["posterior"]
    assert [plane["name"] for plane in page.last("planes")[0]["planes"]] == ["posterior"]
    planner.undo()
    assert len(planner.planes) == 2


def test_alternatives_are_compared_side_by_side(page: Page, planner: MarginPlanner) -> None:
    page.say(t="book", do="copy")
    page.pose(20.0, done=True)
    assert repr(planner).endswith("plan B: least margin 8.1 mm (95 % 4.1 to 10.9)>")
    assert [each.name for each in planner.compare().alternatives] == ["A", "B"]


def test_a_plane_that_cannot_be_measured_is_refused_and_nothing_changes(planner: MarginPlanner) -> None:
    sketch = SimpleNamespace(name="sketch", point_mm=np.zeros(3), normal=np.array([0.0, 0.0, 1.0]), kerf_mm=1.0)
    with pytest.raises(PlanError, match="expected planes of the kind Plane, found SimpleNamespace"):
        planner.planes = (UP, sketch)
    assert planner.planes == (UP, BACK)


def test_a_least_margin_is_given_with_its_interval(page: Page, planner: MarginPlanner) -> None:
    page.say(t="book", do="copy")
    words = page.last("plan")[0]["plan"]
    low, high = planner.report.interval_mm
    assert words["plans"][1]["least"] == pytest.approx([planner.report.minimum_mm, low, high])
    assert words["plans"][0]["least"] is None or len(words["plans"][0]["least"]) == 3
    assert f"{planner.report.minimum_mm:.1f} mm (95 % {low:.1f} to {high:.1f})" in repr(planner)


def test_whoever_asked_hears_of_every_step_and_of_no_drag(page: Page, planner: MarginPlanner) -> None:
    heard: list[list[str]] = []
    planner.on_change(lambda plans: heard.append(list(plans)))
    page.pose(18.0, done=False)
    assert heard == []
    page.pose(18.0, done=True)
    page.say(t="book", do="copy")
    planner.open_plan("A")
    assert heard == [["A"], ["A", "B"], ["A", "B"]]
    assert planner.opened == "A"

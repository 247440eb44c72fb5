import math
import re
from typing import Any

import pytest

from sarcoma_review.errors import PathwayError, PresentationError
from sarcoma_review.staging import WeinsteinBorianiBiagini, pelvic_resection_type
from sarcoma_review.widgets import ZonePicture, pelvic_zones, wbb_clock
from sarcoma_review.widgets.zone_shapes import Shape, clock


def tell(picture: ZonePicture[Any], monkeypatch: pytest.MonkeyPatch, **words: object) -> list[dict[str, Any]]:
    heard = list[dict[str, Any]]()
    monkeypatch.setattr(picture, "send", lambda said, _buffers=(): heard.append(said))
    picture._handle_custom_msg({"page": "a", **words}, [])
    return heard


def middle(shape: Shape) -> tuple[float, float]:
    """Of the four corners of a sector."""
    corners = re.findall(r"(-?\d+\.\d\d) (-?\d+\.\d\d)", shape.path)
    return sum(float(x) for x, _ in corners) / 4, sum(float(y) for _, y in corners) / 4


def test_the_clock_gives_the_sectors_and_layers_that_staging_takes() -> None:
    picture = wbb_clock(numbering="SOSG", chosen={"4A", "4B", "5A"}, levels=("T1",))
    assert picture.value == WeinsteinBorianiBiagini(
        frozenset({4, 5}), frozenset("AB"), numbering="SOSG", levels=("T1",)
    )
    assert repr(picture) == "<ZonePicture WBB clock: WBB (SOSG numbering): sectors 4 to 5, layers A, B, levels T1>"


def test_sectors_run_from_the_spinous_process_the_way_their_numbering_says() -> None:
    # On the picture the patient's left is on the right (x > 0) and the spinous process below (y > 0).
    for numbering, side in (("SOSG", 1), ("original", -1)):
        shapes = {shape.id: shape for shape in clock(numbering, ()).shapes}  # type: ignore[arg-type]
        places = [middle(shapes[f"{sector}A"]) for sector in range(1, 13)]
        turns = [math.degrees(math.atan2(side * x, y)) % 360 for x, y in places]
        assert turns == pytest.approx([30 * sector - 15 for sector in range(1, 13)], abs=0.1)


def test_the_sixty_fields_have_names_and_layers_from_outside_in() -> None:
    shapes = clock("SOSG", ()).shapes
    assert len({shape.id for shape in shapes}) == len(shapes) == 60
    distances = [math.hypot(*middle(shape)) for shape in shapes if shape.column == 0]
    assert distances == sorted(distances, reverse=True)
    assert shapes[0].words == "sector 1, layer A: soft tissue outside the bone"


def test_pelvic_zones_give_a_resection_type() -> None:
    picture = pelvic_zones()
    assert picture.value is None
    assert repr(picture) == "<ZonePicture Pelvic resection zones: not recorded>"
    picture.chosen = {"II", "IV"}
    assert pelvic_resection_type(picture.value).value == "II + IV"


def test_a_page_toggles_and_clears_and_callers_hear_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = list[frozenset[str] | None]()
    picture = pelvic_zones()
    picture.on_change(heard.append)
    [told] = tell(picture, monkeypatch, t="toggle", id="III")
    assert told == {"t": "state", "chosen": ["III"], "words": "Pelvic zone III"}
    tell(picture, monkeypatch, t="toggle", id="III")
    tell(picture, monkeypatch, t="toggle", id="I")
    tell(picture, monkeypatch, t="clear")
    assert heard == [frozenset({"III"}), None, frozenset({"I"}), None]
    assert tell(picture, monkeypatch, t="toggle", id="V") == []


def test_a_page_gets_the_drawing_with_its_note(monkeypatch: pytest.MonkeyPatch) -> None:
    [told] = tell(wbb_clock(numbering="original"), monkeypatch, t="hello")
    assert (told["t"], told["to"], len(told["shapes"])) == ("zones", "a", 60)
    assert told["note"].startswith("Numbering: original, drawn clockwise from the spinous process")
    assert told["words"] == "not recorded"


def test_a_stored_notebook_shows_the_picture_with_what_is_chosen() -> None:
    shown = pelvic_zones({"II"})._repr_mimebundle_()
    assert shown is not None
    still = shown[0]["text/html"]
    assert still.count("<path") == 4
    assert still.count("#56b4e9") == 1
    assert "<p>Pelvic zone II</p>" in still


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(PresentationError, match="Pelvic resection zones has no field V"):
        pelvic_zones({"V"})
    with pytest.raises(PathwayError, match="expected original or SOSG"):
        wbb_clock(numbering="clockwise")  # type: ignore[arg-type]

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION
from sarcoma_review.present import Afterwards, Case, Event, KeyImage, Option
from sarcoma_review.present.content import pages as laid_out
from sarcoma_review.present.content_words import mm_words
from sarcoma_review.present.pages import Bullets, Facts, Headline, Note, Page, Pictures, Scene, Table
from sarcoma_review.present.paging import paged
from sarcoma_review.volume import Volume
from tests.present.deck_pages import picture
from tests.present.invented import ENDLESS, LONG, SHORT, TODAY, before_case, hostile_case, whole_case

pages = cache(laid_out)
BARE = Case("SR-B", "What is it?", TODAY)


def words(page: Page) -> Iterator[str]:
    """All that can be read on a page."""
    yield page.title
    for block in page.blocks:
        match block:
            case Headline(text) | Note(text):
                yield text
            case Facts(rows):
                yield from (each or "not recorded" for row in rows for each in row)
            case Bullets(items, heading):
                yield from (*items, heading)
            case Table():
                yield from (block.heading, *block.head, *(cell for row in block.rows for cell in row))
            case Pictures(images):
                yield from (text for image in images for text in (image.caption, image.alt))
            case Scene(_, still):
                yield from (still.caption, still.alt)


def told(found: Sequence[Page]) -> str:
    return "\n".join(text for page in found for text in words(page))


def titled(case: Case, title: str) -> Page:
    return next(page for page in pages(case) if page.title == title)


def test_pages_come_in_the_order_of_a_presentation() -> None:
    titles = [title for title, _ in itertools.groupby(page.title for page in pages(whole_case()))]
    assert titles[:9] == [
        "Question to the meeting", "The patient", "Time line", "Imaging", "Key images", "Pathology and stage",
        "Options for discussion", "Margins on one ruler", "The options side by side",
    ]  # fmt: skip
    assert titles[9:13] == [f"Look round: {SHORT}", f"Planned margin: {SHORT}", f"How near, how sure: {SHORT}",
                            f"Structures near the cuts: {SHORT}"]  # fmt: skip
    assert titles[17:20] == ["What the pathway asks", "Ewing sarcoma: local therapy", "Your own opinion, first"]
    assert titles[20:] == [
        "Discussion and decision", "What was done", "Planned and achieved", "Imaging after surgery",
        "After surgery", "Ewing sarcoma: what came of it", "Outcome", "Learning points and actions",
    ]  # fmt: skip


def test_what_came_after_the_opinions_is_on_pages_of_that_part_alone() -> None:
    found = pages(whole_case())
    parts = [page.part for page in found]
    assert parts == sorted(parts, key=["before", "after"].index)
    before = told([page for page in found if page.part == "before"])
    for closed in ("Spare the joint.", "fascia", "Alive", "The MRI was old", "Surgery, then radiotherapy", "viable"):
        assert closed not in before
        assert closed in told([page for page in found if page.part == "after"])


def test_nothing_that_is_absent_is_left_out() -> None:
    found = told(pages(BARE))
    for name in (
        "Age",
        "Side",
        "History",
        "Performance status",
        "The patient's views",
        "Imaging",
        "Grade",
        "Stage",
        "Options",
    ):
        assert f"{name}\nnot recorded" in found
    after = told(pages(replace(BARE, after=Afterwards())))
    for name in (
        "Discussion",
        "Decision",
        "What was done",
        "Margin, Enneking",
        "Residual tumour",
        "Necrosis",
        "Outcome",
    ):
        assert f"{name}\nnot recorded" in after


def test_options_stand_side_by_side_with_their_intervals() -> None:
    case = before_case()
    table = next(block for block in titled(case, "The options side by side").blocks if isinstance(block, Table))
    assert list(table.head[1:]) == [SHORT, LONG, "Rotationplasty"]
    rows = {row[0]: row[1:] for row in table.rows}
    for number, option in enumerate(case.options[:2]):
        assert option.margins is not None
        assert rows["Least margin"][number] == mm_words(option.margins.minimum_mm, option.margins.interval_mm)
        for face in option.margins.planes:
            assert rows[face.name][number] == mm_words(face.margin_mm, face.interval_mm)
    assert rows["Least margin"][2] == "no margin measured"


def test_more_options_than_go_abreast_go_on_another_page() -> None:
    first = before_case().options[0]
    case = replace(BARE, options=[replace(first, name=str(n)) for n in range(5)])
    tables = [page.blocks[0] for page in pages(case) if page.title == "The options side by side"]
    assert [list(table.head[1:]) for table in tables if isinstance(table, Table)] == [["0", "1", "2"], ["3", "4"]]


def test_the_planned_margin_is_that_of_the_report_face_by_face() -> None:
    report = before_case().options[0].margins
    assert report is not None
    page = titled(before_case(), f"Planned margin: {SHORT}")
    low, high = report.interval_mm
    assert page.blocks[0] == Headline(f"Least: {report.minimum_mm:.1f} mm (95 % interval {low:.1f} to {high:.1f} mm)")
    table = page.blocks[1]
    assert isinstance(table, Table)
    assert [ruler.value for ruler in table.rulers] == [row.margin_mm for row in report.planes]
    assert [row[1] for row in table.rows] == [f"{row.margin_mm:.1f}" for row in report.planes]
    assert "Enneking not recorded; R not recorded; barrier not recorded" in told([page])


def test_the_saw_s_published_error_stands_beside_the_voxels() -> None:
    option = before_case().options[0]
    assert option.margins is not None
    low, high = option.margins.with_saw(PUBLISHED_EXECUTION["freehand"].sd_mm).interval_mm
    shown = told([page for page in pages(before_case()) if page.title == f"How near, how sure: {SHORT}"])
    assert f"freehand\n{low:.1f} to {high:.1f}\n".replace("-", "−") in shown
    assert "Cartiaux 2010" in shown
    sawn = replace(before_case(), options=[replace(option, margins=option.margins.with_saw(3.0))])
    assert "Cartiaux 2010" not in told(pages(sawn))  # the report holds a saw's error of its own


def test_three_axes_of_a_margin_stand_apart() -> None:
    facts = dict(
        next(block for block in titled(whole_case(), "What was done").blocks if isinstance(block, Facts)).rows
    )
    assert facts["Margin, Enneking"] == "marginal, by histology"
    assert facts["Residual tumour"] == "R0, by histology"
    assert facts["Barrier"] == "back: fascia"
    assert "none is worked out from another" in told([titled(whole_case(), "What was done")])


def test_necrosis_at_ninety_percent_is_read_by_each_convention() -> None:
    found = told([titled(whole_case(), "What was done")])
    assert "90 %\n" in found
    assert "Huvos: good from 90 % necrosis on\ngood" in found
    assert "Loh: poor at 90 % necrosis or less\npoor" in found


def test_planned_and_achieved_stand_beside_each_other_and_a_missing_cut_is_told() -> None:
    table = titled(whole_case(), "Planned and achieved").blocks[0]
    assert isinstance(table, Table)
    report = before_case().options[0].margins
    assert report is not None
    planned = mm_words(report.planes[0].margin_mm, report.planes[0].interval_mm)
    assert table.rows[0][:3] == ("proximal", planned, "−1.0 (−2.0 to +0.1)")
    assert table.rows[1][0] == "back"
    assert table.rows[1][2] == "no cut found"


def test_the_pathway_is_shown_with_version_review_date_and_what_is_not_recorded() -> None:
    found = told(pages(before_case()))
    assert "Version 2, approved 22 March 2024, review due March 2026: past its review date" in found
    assert "? not recorded: Referred to specialist centre not recorded." in found
    assert "applicability not known" in found
    assert "Do not speak of this case: G1" in found


def test_the_ewing_page_has_every_field_recorded_or_not() -> None:
    page = EwingLocalTherapy(site="pelvis, <type II>", volume_ml=240, resectable=False)
    found = pages(replace(BARE, ewing=page))
    sheet = next(each for each in found if each.title == "Ewing sarcoma: local therapy")
    rows = [row for block in sheet.blocks if isinstance(block, Facts) for row in block.rows]
    assert [name for name, _ in rows] == [name for name, _ in page.rows()][:-4]
    assert dict(rows)["Site"] == "pelvis, <type II>"
    assert dict(rows)["Resectable"] == "no"
    assert sum(value is None for _, value in rows) == len(rows) - 3
    assert "200 ml or more was a risk marker in EE99" in told([sheet])
    assert not [each for each in found if each.part == "after"]


def test_the_opinion_is_asked_for_before_anything_is_revealed() -> None:
    found = [page for page in pages(whole_case()) if page.part == "before"]
    assert found[-1].title == "Your own opinion, first"
    table = found[-1].blocks[1]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [SHORT, LONG, "Rotationplasty", "Another, namely"]


def test_each_option_with_planes_has_a_scene_of_the_same_voxels() -> None:
    scenes = [block for page in pages(before_case()) for block in page.blocks if isinstance(block, Scene)]
    assert [scene.shown.planes[0].point_mm[2] for scene in scenes] == [28, 33]
    assert scenes[0].shown.images[0].volume.modality == "CT"  # on which it was outlined, though others share its grid
    assert all(scene.shown.skin and len(scene.shown.skin.shown) == 5 for scene in scenes)
    report = before_case().options[0].margins
    assert report is not None
    assert scenes[0].shown.opening()["crosshair_mm"] == pytest.approx(report.minimum_position_mm.tolist())


def test_a_case_with_images_and_no_plan_can_be_looked_round_in() -> None:
    case = replace(BARE, imaging=[Volume(np.zeros((4, 5, 6), np.int16), np.eye(4))], options=[Option("Wait")])
    assert [page.title for page in pages(case)].count("Look round") == 1


@pytest.mark.parametrize("word", ["recommend", "complian", "safe margin", "predict", "breach", "failed"])
def test_words_that_claim_too_much_are_absent(word: str) -> None:
    assert word not in told(pages(whole_case())).lower()


def test_every_word_of_a_long_text_is_on_some_page() -> None:
    text = " ".join(f"word{n}" for n in range(1500))
    found = pages(
        replace(BARE, history=text, timeline=[Event(text)], question=text, options=[Option("A", against=text)])
    )
    for title in ("The patient", "Options for discussion", "Question to the meeting"):
        said = told([page for page in found if page.title == title])
        assert [word for word in text.split() if word not in said.split()] == []


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_ten_thousand_letters_are_divided_and_none_is_lost() -> None:
    found = pages(hostile_case(ENDLESS))
    opening = [page for page in found if page.title == "Question to the meeting"]
    assert sum(text.count("x") for page in opening for text in words(page)) >= 6 * len(ENDLESS)
    of_words = [page for page in found if not any(isinstance(block, Pictures | Scene) for block in page.blocks)]
    assert max(len(text) for page in of_words for text in words(page)) < 1500


def test_a_table_s_strong_row_and_rulers_stay_with_their_rows() -> None:
    rows = [(f"row {n}", "1.0") for n in range(60)]
    sheets = paged(Page("Rows", (Table(("Name", "mm"), rows, strong=frozenset({41})),)))
    tables = [block for sheet in sheets for block in sheet.blocks if isinstance(block, Table)]
    assert [row for table in tables for row in table.rows] == rows
    assert [table.rows[n][0] for table in tables for n in table.strong] == ["row 41"]
    assert len(sheets) > 2


def figures(case: Case) -> list[KeyImage]:
    blocks = [block for page in pages(case) for block in page.blocks]
    return [each for block in blocks if isinstance(block, Pictures) and block.figure for each in block.images]


def test_figures_say_in_words_the_numbers_of_the_tables() -> None:
    line, ruler, short, _ = (image.alt for image in figures(before_case()))
    assert "week +1.5, Chemotherapy" in line
    assert "Physiotherapy" not in line  # its week is not recorded, which the table says
    report = before_case().options[0].margins
    assert report is not None
    row = report.planes[0]
    low, high = row.interval_mm
    assert f"proximal, {SHORT}: {row.margin_mm:.1f} ({low:.1f} to {high:.1f}) mm".replace("-", "−") in ruler
    # The bands end at 0, 2, 5 and 10 mm: the first alone is what the table has as nearer than 0 mm.
    assert f"cut through {100 * report.area_fraction_below(0):.0f} %" in short


def test_one_plan_is_compared_with_nothing() -> None:
    alone = replace(before_case(), options=before_case().options[:1], timeline=[Event("Biopsy", 0)])
    assert [image.caption for image in figures(alone)] == ["Tumour surface by distance to the nearest cut"]


def test_more_moments_than_a_figure_holds_stand_in_the_table_alone() -> None:
    events = [Event(f"Cycle {n}", n) for n in range(25)]
    case = replace(BARE, timeline=events)
    assert figures(case) == []
    assert "Cycle 24" in told(pages(case))


def test_wide_pictures_stand_fewer_to_a_page() -> None:
    wide, square = picture(300, 200), picture(200, 200)
    shown = [
        page for page in pages(replace(BARE, key_images=[wide] * 3 + [square] * 4)) if page.title == "Key images"
    ]
    counts = [len(block.images) for page in shown for block in page.blocks if isinstance(block, Pictures)]
    assert counts == [2, 3, 2]  # 1.5 + 1.5, 1.5 + 1 + 1 and 1 + 1 times their height: three at most, 3.6 at most


def test_no_last_page_holds_one_row_where_the_pages_before_can_spare_some() -> None:
    rows = [(f"N{n}", "asked " * 20, "not recorded") for n in range(17)]
    sheets = paged(Page("Rules", (Table(("Rule", "What is asked", "Recorded"), rows),)))
    counts = [len(block.rows) for sheet in sheets for block in sheet.blocks if isinstance(block, Table)]
    assert sum(counts) == 17
    assert min(counts) >= max(counts) / 2

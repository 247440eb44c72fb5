"""A site's directory, the order of dated events, the continuity of representatives, the Ewing page."""

from datetime import date

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.directory import read_directory
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.pathways.network import representative_continuity
from sarcoma_review.pathways.sequence import decompression_prompt, sequence_findings

DIRECTORY = """
as_of = 2026-10-01
review_due = 2026-10-31
[[roles]]
role = "spinal surgeon"
centre = "RNOH"
standing = "designated"
[[roles]]
role = "referral desk"
centre = "UCLH"
"""


def test_a_directory_lists_roles_by_centre_and_the_day_it_was_right() -> None:
    directory = read_directory(DIRECTORY)
    assert [role.role for role in directory.at("UCLH")] == ["referral desk"]
    assert directory.at("RNOH, or another centre agreed by the MDT")[0].standing == "designated"
    assert directory.notice(date(2026, 10, 31)) == "directory of 1 October 2026"
    assert directory.notice(date(2026, 11, 1)).endswith("past its review date")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('name = "Example"', "role 2: unknown key name; roles only, never people"),
        ('reach = "desk@example.org"', "directory line 11: this looks like an e-mail address"),
        ('reach = "07700 900123"', "directory line 11: this looks like a telephone number"),
        ("reach = 3", "role 2: expected texts"),
        ("reach =", "directory: not TOML"),
    ],
)
def test_a_person_in_a_directory_is_refused_without_being_repeated(line: str, message: str) -> None:
    with pytest.raises(PathwayError, match=message) as refused:
        read_directory(DIRECTORY + line)
    assert "900123" not in str(refused.value)


def test_a_directory_without_dates_is_refused() -> None:
    with pytest.raises(PathwayError, match=r"expected as_of, review_due and \[\[roles\]\]"):
        read_directory("roles = []")
    with pytest.raises(PathwayError, match="as_of and review_due are dates"):
        read_directory(DIRECTORY.replace("2026-10-01", '"October"'))


def test_events_in_order_or_with_a_date_missing_say_nothing() -> None:
    days = {"stem_cell_harvest": date(2026, 1, 1), "high_dose_chemotherapy": date(2026, 2, 1)}
    assert sequence_findings(days) == []
    assert sequence_findings({"adjuvant_chemotherapy": date(2026, 1, 1)}) == []


def test_events_out_of_order_are_reported_with_both_dates() -> None:
    days = {
        "surgery": date(2026, 3, 1),
        "adjuvant_chemotherapy": date(2026, 3, 1),
        "high_dose_chemotherapy": date(2026, 6, 1),
        "stem_cell_harvest": date(2026, 7, 1),
    }
    assert sequence_findings(days) == [
        "surgery (1 March 2026) is recorded on the same day as adjuvant chemotherapy (1 March 2026); "
        "expected before it",
        "stem cell harvest (1 July 2026) is recorded after high dose chemotherapy (1 June 2026); expected before it",
    ]


def test_decompression_before_histology_asks_about_the_emergency_pathway() -> None:
    first, second = date(2018, 4, 2), date(2018, 4, 9)
    assert "MSCC" in str(decompression_prompt(first, second))
    assert decompression_prompt(second, first) is None
    assert decompression_prompt(first, None) is None


def test_continuity_is_the_share_of_meetings_with_somebody_from_the_last_one() -> None:
    assert representative_continuity([{"a"}, {"a"}, {"b"}, {"b", "c"}, {"c"}]) == 0.75
    assert representative_continuity([{"a"}]) is None
    assert representative_continuity([]) is None
    with pytest.raises(ValueError, match="found a meeting with nobody"):
        representative_continuity([{"a"}, set()])


def test_the_ewing_page_says_not_recorded_and_lists_what_the_panel_still_needs() -> None:
    page = EwingLocalTherapy(
        site="pelvis", resectable=False, expected_margin_mm=(("medial", 4.0),), radiotherapy_intended="definitive"
    )
    rows = dict(page.rows())
    assert (rows["Resectable"], rows["Expected margin by face"], rows["Question"]) == (
        "no",
        "medial 4 mm",
        "not recorded",
    )
    assert rows["Radiotherapy intended"] == "definitive, without surgery"
    assert "question" in page.missing()
    assert not {"resectable", "panel_view", "necrosis_percent"} & set(page.missing())


@pytest.mark.parametrize(
    ("volume", "necrosis", "count"), [(199.9, 91, 0), (200, 91, 1), (None, 90, 1), (None, None, 0), (200, 90, 2)]
)
def test_the_risk_markers_count_from_200_ml_and_from_10_percent_viable(
    volume: float | None, necrosis: float | None, count: int
) -> None:
    assert len(EwingLocalTherapy(volume_ml=volume, necrosis_percent=necrosis).findings()) == count


@pytest.mark.parametrize("text", ["ask Dr Example", "desk@example.org", "07700 900123"])
def test_a_person_on_the_ewing_page_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(PathwayError, match="local_surgeon_proposal: expected roles and no person") as refused:
        EwingLocalTherapy(local_surgeon_proposal=text)
    assert text not in str(refused.value)


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(PathwayError, match="necrosis_percent: expected a number from 0 to 100, found 101"):
        EwingLocalTherapy(necrosis_percent=101)
    with pytest.raises(PathwayError, match="expected margin, medial: expected 0 mm or more, found -1 mm"):
        EwingLocalTherapy(expected_margin_mm=(("medial", -1.0),))
    with pytest.raises(PathwayError, match="radiotherapy_intended: expected one of before, after"):
        EwingLocalTherapy(radiotherapy_intended="later")  # type: ignore[arg-type]

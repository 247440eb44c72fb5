import importlib.util
import json
from pathlib import Path

import pytest
from pydicom.datadict import tag_for_keyword

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy import profile
from sarcoma_review.privacy.profile import (
    BASIC,
    PEER_LEARNING,
    keywords,
    needs,
    options,
    profile_named,
    rule_for,
    table,
)

ROOT = Path(__file__).parents[2]


def test_the_table_is_what_its_builder_makes() -> None:
    spec = importlib.util.spec_from_file_location("build_ps315", ROOT / "docs" / "build_ps315.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    assert builder.TARGET.read_text("utf-8") == builder.table()
    assert profile.edition() == builder.EDITION


@pytest.mark.real_data
def test_every_row_agrees_with_an_independent_copy_of_the_table(shared: Path) -> None:
    rows = json.loads((shared / "reference" / "ps315_table_e1_1.json").read_text("utf-8"))
    independent = {row["tag"].lower().replace("private", "ggggeeee"): row["basic"] for row in rows}
    assert len(independent) == 656
    assert dict(table()) == independent


COLUMNS = {
    "uids": "uids",
    "device": "device",
    "institution": "institution",
    "patient": "patchars",
    "full_dates": "fulldates",
    "modified_dates": "moddates",
    "descriptors": "desc",
    "structured_content": "struct",
    "graphics": "graph",
}


@pytest.mark.real_data
@pytest.mark.parametrize("option", COLUMNS)
def test_every_option_agrees_with_an_independent_copy_of_the_table(shared: Path, option: str) -> None:
    rows = json.loads((shared / "reference" / "ps315_table_e1_1.json").read_text("utf-8"))
    stated = {row["tag"].lower(): row.get(COLUMNS[option], "") for row in rows if row["edition"] == "2024b"}
    ours = options()
    assert {tag for tag, cell in stated.items() if cell != ours.get(tag, {}).get(option, "")} == set()


def test_what_is_cleaned_as_a_description_is_a_descriptor_by_the_table() -> None:
    later = {"UnformattedTextValue", "ContrastBolusAgent"}  # by the dummy that the table asks for
    tags = {word: f"{tag_for_keyword(word):08x}" for word in keywords("descriptors") - later}
    assert {word for word, tag in tags.items() if options().get(tag, {}).get("descriptors") != "C"} == set()


def test_an_attribute_that_may_not_be_absent_becomes_a_dummy_and_elsewhere_goes() -> None:
    enhanced_ct, ct = "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2"
    places = [needs(sop_class).get((0, 0x00181000), "") for sop_class in (enhanced_ct, ct)]
    assert [rule_for(0x00181000, "LO", BASIC, need) for need in places] == ["dummy", "remove"]


def test_every_keyword_in_the_lists_is_one_of_dicom() -> None:
    kinds = ("descriptors", "technical", "never_empty", "labels", "personal", "unshifted")
    unknown = {word for kind in kinds for word in keywords(kind) if tag_for_keyword(word) is None}
    assert unknown <= {"PatientDeathDate", "RegionOfResidence", "BreedRegistrationNumber", "StrainStockNumber"}


@pytest.mark.parametrize("tag", [0x00091001, 0x00080000, 0x50000010, 0x60003000, 0xFFFCFFFC, 0x00020016, 0x00081303])
def test_private_overlay_curve_padding_and_unknown_elements_go(tag: int) -> None:
    assert rule_for(tag, "LO", PEER_LEARNING) in ("private", "group", "unknown")


def test_a_value_of_another_kind_than_its_attribute_goes() -> None:
    assert rule_for(0x00280010, "LO", PEER_LEARNING) == "wrong VR"
    assert rule_for(0x00280010, "UN", PEER_LEARNING) == "wrong VR"


def test_the_basic_profile_keeps_no_characteristics_dates_or_descriptions() -> None:
    asked = [(0x00101010, "AS"), (0x00080020, "DA"), (0x0008103E, "LO"), (0x00100040, "CS"), (0x00101030, "DS")]
    assert [rule_for(tag, vr, BASIC) for tag, vr in asked] == ["remove", "empty", "remove", "empty", "remove"]


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(PrivacyError, match="no such profile: expected one of peer-learning, basic"):
        profile_named("none")

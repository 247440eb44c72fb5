import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.privacy import codes


@pytest.mark.parametrize("published", ["900000000000207008", "999999990989121104", "100005"])
def test_a_snomed_identifier_unknown_to_the_dictionary_stays_by_its_check_digit(published: str) -> None:
    # Examples of the SNOMED CT identifier format in its release file specification.
    assert codes.code_value("SCT", published) == published


@given(st.sampled_from(["900000000000207008", "100005", "22298006"]), st.integers(1, 9))
def test_a_snomed_identifier_with_another_last_digit_goes(published: str, more: int) -> None:
    changed = published[:-1] + str((int(published[-1]) + more) % 10)
    assert codes.code_value("SCT", changed) == ""


def test_a_meaning_that_names_somebody_is_taken_from_the_dictionary() -> None:
    assert codes.meaning("SCT", "71341001", "Femur of Quillfeather") in ("Femur", "Bone structure of femur")


@pytest.mark.parametrize(
    ("scheme", "value", "kept"),
    [
        ("DCM", "113100", "113100"),
        ("SCT", "9434765919", ""),
        ("SRT", "T-12710", "T-12710"),
        ("99LOCAL", "ZK4711923", ""),
        ("99LOCAL", "42", "42"),
        ("LN", "18748-4", "18748-4"),
        ("UCUM", "mm", "mm"),
    ],
)
def test_a_code_stays_only_in_the_form_of_its_scheme(scheme: str, value: str, kept: str) -> None:
    assert codes.code_value(scheme, value) == kept

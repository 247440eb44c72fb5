import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.privacy import text

NUMBERS = st.text("0123456789 -./_:,mcx", max_size=24)
WORDS = st.sampled_from(["femur", "GTV", "T2", "mm", "Quillfeather", "left", "4", "12", "3.0"])
ANY = st.one_of(st.text(max_size=40), NUMBERS, st.lists(st.one_of(WORDS, NUMBERS), max_size=8).map(" ".join))


@given(ANY)
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    once = text.cleaned(value)
    assert text.cleaned(once) == once


@given(ANY)
def test_no_run_of_four_digits_survives_in_any_spelling(value: str) -> None:
    kept = text.cleaned(value)
    runs = [
        re.sub(r"[\W_]", "", run) for run in re.findall(r"[0-9][0-9\W_]*", re.sub(r"(?<=[0-9])\.(?=[0-9])", "", kept))
    ]
    assert all(len(run) <= 5 for run in runs)  # 3 digits and 2 decimals
    assert not re.search("[0-9]{4}", kept)


@given(st.text(max_size=40))
def test_every_word_that_survives_is_known(value: str) -> None:
    kept = re.findall(r"[^\W_]+", text.cleaned(value))
    assert all(word.isdigit() or text.is_known(word) for word in kept)


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ("Femur left, Quillfeather, T2 fs 4 mm", "Femur left T2 fs 4 mm"),
        ("GTV_Mass", "GTV_Mass"),
        ("12/03/2024 knee", "knee"),
        ("943 476 5919", ""),
        ("943_476_5919", ""),
        ("tumour 9434765919", "tumour"),
        ("大腿骨 femur", "femur"),
        ("margin ９４３４", "margin"),
        ("12 Quillfeather 34", ""),
    ],
)
def test_words_of_the_vocabulary_stay_and_all_others_go(stated: str, kept: str) -> None:
    assert text.cleaned(stated) == kept


@pytest.mark.parametrize("value", ["943-476-5919", "no 94347659", "12.03.2024", "Mr Quill", "a@b.org", "Quill^Una"])
def test_what_a_machine_does_not_write_is_not_technical(value: str) -> None:
    assert not {"943", "94347659", "12.03.2024", "Quill", "org"} & set(re.split("[ @^-]", text.technical(value)))


@pytest.mark.parametrize(
    "value", ["B30f", "*tse2d1_15", "STANDARD", "HEAD_32", "20MM", "LightSpeed16", "VA44A", "VCT"]
)
def test_codes_of_machines_stay(value: str) -> None:
    assert text.technical(value) == value


def test_a_plain_word_in_place_of_a_machine_code_goes() -> None:
    assert text.technical("Quillfeather") == ""
    assert text.technical("ZE9 9ZZ") == ""


@given(ANY)
def test_weighing_a_machine_text_twice_is_weighing_it_once(value: str) -> None:
    assert text.technical(text.technical(value)) == text.technical(value)

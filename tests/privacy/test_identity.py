import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.identity import Keyed, Recognised, is_pseudonym, keep_secret, load_secret, pseudonym_from

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@given(st.binary(min_size=5, max_size=32))
def test_a_pseudonym_is_recognised_and_one_with_another_character_is_not(digest: bytes) -> None:
    pseudonym = pseudonym_from(digest)
    assert is_pseudonym(pseudonym)
    swapped = ALPHABET[(ALPHABET.index(pseudonym[-1]) + 1) % 32]
    assert not is_pseudonym(pseudonym[:-1] + swapped)


def test_hospital_numbers_of_the_shape_of_a_pseudonym_hardly_ever_pass() -> None:
    shaped = [f"SR-{a}{b}{c}TTTTT{d}Q" for a in ALPHABET for b in ALPHABET for c in "ABCD" for d in "AZ"]
    assert sum(map(is_pseudonym, shaped)) / len(shaped) < 0.005


@given(st.binary(min_size=32, max_size=32), st.from_regex(r"1\.2\.[0-9]{1,8}\.[0-9]{1,12}", fullmatch=True))
def test_a_new_uid_is_valid_repeatable_and_recognised(secret: bytes, old: str) -> None:
    new = Keyed(secret, "x").uid(old)
    assert new == Keyed(secret, "y").uid(old) != old
    assert int(new.removeprefix("2.25.")) < 2**120
    assert Recognised().uid(new) == new


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.2", "1.2.840.10008.5.1.4.1.1.481.3"])
def test_uids_of_the_standard_stay(uid: str) -> None:
    assert Keyed(b"k" * 32, "x").uid(uid) == uid == Recognised().uid(uid)


@pytest.mark.parametrize("uid", ["1.2.840.10008.9434765919", "2.25.9434765919", "1.3.12.2.1107.5.1"])
def test_uids_that_could_hold_a_number_are_not_recognised(uid: str) -> None:
    assert Recognised().uid(uid) == ""


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = tmp_path / "secret.key"
    first = load_secret(key, apart_from=())
    assert len(first) == 32
    assert not key.exists()
    keep_secret(first, key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert load_secret(key, apart_from=()) == first


def test_a_key_within_the_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match="lies inside the source or the destination"):
        load_secret(tmp_path / "case" / "secret.key", apart_from=(tmp_path / "case",))


def test_a_key_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PrivacyError, match="folder of the key file does not exist"):
        load_secret(tmp_path / "nowhere" / "secret.key", apart_from=())


@pytest.mark.parametrize("content", ["Quillfeather", "[]", "{}", json.dumps({"secret": "zz"})])
def test_a_file_that_is_no_key_is_refused_without_its_content(tmp_path: Path, content: str) -> None:
    key = tmp_path / "secret.key"
    key.write_text(content)
    with pytest.raises(PrivacyError, match="cannot be read: expected JSON") as caught:
        load_secret(key, apart_from=())
    assert "Quillfeather" not in str(caught.value)


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "secret.key"
    key.write_text(json.dumps({"secret": "00ff"}))
    with pytest.raises(PrivacyError, match="holds 2 bytes of secret: expected 32"):
        load_secret(key, apart_from=())

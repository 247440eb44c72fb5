"""Who the patient becomes: pseudonym, unique identifiers and time, all drawn from one secret.

`Keyed` replaces; `Recognised` looks at what stands in a file and leaves only what `Keyed` could have written. The
cleaner runs the rules with the first, the gate runs the same rules with the second.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from pydicom._uid_dict import UID_dictionary

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.moments import Shift, is_date, is_datetime, is_time

SECRET_BYTES = 32
SHORTEST_OWN_UID = 25
"""Digits after ``2.25.``: 120 random bits fall below 24 digits once in 10 ** 12; a hospital number has about ten."""

# The standard's own identifiers, and those of coding schemes registered with HL7: components are short.
_STANDARD_UID = re.compile(
    r"1\.2\.840\.10008\.(?:5\.1\.4\.(?:1\.1\.)?[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}|[1-8]\.1(?:\.[0-9]{1,4}){0,2})"
    r"|2\.16\.840\.1\.113883\.[3-6](?:\.[0-9]{1,4}){1,2}"
)
_OWN_UID = re.compile(rf"2\.25\.[1-9][0-9]{{{SHORTEST_OWN_UID - 1},38}}")
_PSEUDONYM = re.compile(r"SR-([A-Z2-7]{8})([A-Z2-7]{2})")


class Identity(Protocol):
    """What the rules ask about a patient."""

    def uid(self, value: str) -> str:
        """Give the identifier that takes the place of `value`."""

    def pseudonym(self, value: str) -> str:
        """Give the name and number that take the place of `value`."""

    def date(self, date: str, time: str) -> str:
        """Give the date that takes the place of `date`, whose time of day is `time` or empty."""

    def time(self, time: str, date: str) -> str:
        """Give the time of day that takes the place of `time`, whose date is `date` or empty."""

    def datetime(self, value: str) -> str:
        """Give the moment that takes the place of `value`."""


@dataclass(frozen=True)
class Keyed:
    """Replace what belongs to one patient.

    Parameters
    ----------
    secret : bytes
        Content of the key file.
    patient_id : str
        As the source states it; it never leaves this object.
    """

    secret: bytes
    patient_id: str

    def uid(self, value: str) -> str:
        """Give ``2.25.`` and 120 bits of the keyed hash, or `value` itself where it is one of the standard's own."""
        if not value or is_standard_uid(value):
            return value
        return f"2.25.{int.from_bytes(_digest(self.secret, 'uid', value)[:15], 'big')}"

    def pseudonym(self, value: str) -> str:  # noqa: ARG002 - whatever the name was, the patient has one pseudonym
        """Give the pseudonym of the patient."""
        return pseudonym_from(_digest(self.secret, "patient", self.patient_id))

    def date(self, date: str, time: str) -> str:
        """Shift a date."""
        return self._shift.date(date, time)

    def time(self, time: str, date: str) -> str:
        """Shift a time of day."""
        return self._shift.time(time, date)

    def datetime(self, value: str) -> str:
        """Shift a moment."""
        return self._shift.datetime(value)

    @property
    def _shift(self) -> Shift:
        return _shift(self.secret, self.patient_id)


@dataclass(frozen=True)
class Recognised:
    """Leave what `Keyed` could have written, and nothing else."""

    def uid(self, value: str) -> str:
        """Give `value` if it is standard or of our own form."""
        return value if is_standard_uid(value) or _OWN_UID.fullmatch(value) else ""

    def pseudonym(self, value: str) -> str:
        """Give `value` if its check characters are right."""
        return value if is_pseudonym(value) else ""

    def date(self, date: str, time: str) -> str:  # noqa: ARG002 - a shifted date looks like any other
        """Give `date` if it is one."""
        return date if is_date(date) else ""

    def time(self, time: str, date: str) -> str:  # noqa: ARG002 - a shifted time looks like any other
        """Give `time` if it is one."""
        return time if is_time(time) else ""

    def datetime(self, value: str) -> str:
        """Give `value` if it is a moment."""
        return value if is_datetime(value) else ""


def is_standard_uid(value: str) -> bool:
    """Say whether an identifier is the standard's own and not one of somebody's.

    >>> is_standard_uid("1.2.840.10008.5.1.4.1.1.2"), is_standard_uid("1.2.840.10008.9434765919")
    (True, False)
    """
    return value in UID_dictionary or bool(_STANDARD_UID.fullmatch(value))


def pseudonym_from(digest: bytes) -> str:
    """Write a pseudonym, with two check characters, from at least 5 random bytes.

    >>> pseudonym_from(bytes(5))
    'SR-AAAAAAAAZP'
    """
    body = base64.b32encode(digest[:5]).decode("ascii")
    return f"SR-{body}{_check_characters(body)}"


def is_pseudonym(value: str) -> bool:
    """Say whether a value is a pseudonym; an arbitrary one of its shape passes once in 1024.

    >>> is_pseudonym("SR-AAAAAAAAZP"), is_pseudonym("SR-AAAAAAAAAA"), is_pseudonym("1234567")
    (True, False, False)
    """
    found = _PSEUDONYM.fullmatch(value)
    return found is not None and found[2] == _check_characters(found[1])


def _check_characters(body: str) -> str:
    return base64.b32encode(hashlib.sha256(f"sarcoma_review pseudonym {body}".encode()).digest()[:5]).decode()[:2]


def _digest(secret: bytes, purpose: str, value: str) -> bytes:
    # The purpose keeps apart what is drawn for different ends from equal text.
    return hmac.new(secret, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()


@lru_cache(maxsize=256)
def _shift(secret: bytes, patient_id: str) -> Shift:
    return Shift.drawn(_digest(secret, "shift", patient_id))


def load_secret(key_file: Path, *, apart_from: tuple[Path, ...]) -> bytes:
    """Read the secret, or draw one where there is no key file yet; `keep_secret` writes it.

    Parameters
    ----------
    key_file : Path
        JSON, mode 0600. Whoever holds it can tell which pseudonym is which patient: keep it in the source hospital.
    apart_from : tuple of Path
        Folders that it may not lie in.

    Raises
    ------
    PrivacyError
        If it lies in one of those folders, its own folder does not exist, or it is not a key file.
    """
    resolved = key_file.resolve()
    if any(resolved.is_relative_to(folder.resolve()) for folder in apart_from):
        raise PrivacyError("the key file lies inside the source or the destination: keep it apart from both")
    if not resolved.parent.is_dir():
        raise PrivacyError("the folder of the key file does not exist: expected an existing folder")
    return _read_secret(resolved) if resolved.exists() else secrets.token_bytes(SECRET_BYTES)


def keep_secret(secret: bytes, key_file: Path) -> None:
    """Write a newly drawn secret to its key file, mode 0600; one that stands there already is left as it is."""
    if key_file.exists():
        return
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"tool": "sarcoma_review", "purpose": "de-identification", "secret": secret.hex()}, file)


def forget_key(key_file: Path) -> None:
    """Overwrite a key file and take it away: nobody can then lead a pseudonym back by it, nor add to its cases.

    Copies of the file, in a backup for one, are not reached.

    Raises
    ------
    PrivacyError
        If it is not a key file; it then stays as it is.
    """
    _read_secret(key_file)
    with key_file.open("r+b") as file:
        file.write(b"\0" * key_file.stat().st_size)
        file.flush()
        os.fsync(file.fileno())
    key_file.unlink()


def _read_secret(key_file: Path) -> bytes:
    try:
        secret = bytes.fromhex(json.loads(key_file.read_text("utf-8"))["secret"])
    except (OSError, ValueError, KeyError, TypeError):
        raise PrivacyError("the key file cannot be read: expected JSON with a secret of 32 bytes") from None
    if len(secret) != SECRET_BYTES:
        raise PrivacyError(f"the key file holds {len(secret)} bytes of secret: expected {SECRET_BYTES}")
    return secret

"""Counts what of a corpus survives, in every spelling; by kind and number, never by value."""

import contextlib
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from sarcoma_review.privacy.sources import quietly
from sarcoma_review.privacy.treatments import PARSE_ERRORS
from tests.privacy.canaries import Canary

_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "gb18030", "iso2022_jp", "shift_jis", "iso8859_5")
_DIGIT_RUN = re.compile(rb"[0-9]{6,}")
_HASH = re.compile(rb"[0-9a-f]{64}")
_WORD = re.compile(rb"q[a-z]{10}")


def survivors(folder: Path, planted: Iterable[Canary]) -> Counter[str]:
    """Count the planted identifiers, by kind, that stand anywhere in a folder: bytes, text, streams, names."""
    haystack = b"\n".join(_views(folder))
    words, runs = set(_WORD.findall(haystack)), set(_DIGIT_RUN.findall(haystack))
    return Counter(canary.kind for canary in planted if _found(canary, haystack, words, runs))


def _found(canary: Canary, haystack: bytes, words: set[bytes], runs: set[bytes]) -> bool:
    value = canary.value.lower()
    if canary.how == "word":
        return value.encode() in words
    if canary.how == "digits":
        return value.encode() in runs
    return any(spelling in haystack for spelling in _spellings(canary.value))


def _spellings(value: str) -> set[bytes]:
    spelt = set()
    for encoding in _ENCODINGS:
        with contextlib.suppress(UnicodeEncodeError):
            spelt |= {value.encode(encoding).lower(), value.lower().encode(encoding).lower()}
    return {spelling for spelling in spelt if len(spelling) >= 5}


def _views(folder: Path) -> Iterable[bytes]:
    for path in sorted(folder.rglob("*")):
        yield path.relative_to(folder).as_posix().encode().lower()
        if path.is_file():
            # A hash holds every short number by chance.
            content = _HASH.sub(b"hash", path.read_bytes())
            yield content.lower()
            yield content.replace(b"\0", b"").lower()  # UTF-16, either way round
            yield _inflated(content).lower()
            yield _decoded(path).lower()


def _inflated(content: bytes) -> bytes:
    syntax = content.find(b"1.2.840.10008.1.2.1.99")
    for begin in range(syntax, min(syntax + 400, len(content))) if syntax > 0 else ():
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[begin:])
        except zlib.error:
            continue
    return b""


def _decoded(path: Path) -> bytes:
    if path.suffix not in ("", ".dcm"):
        return b""
    with quietly():
        return "\n".join(_texts(dcmread(path, force=True))).encode("utf-8", "replace")


def _texts(dataset: Dataset) -> Iterable[str]:
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
        except PARSE_ERRORS:
            continue
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif not isinstance(element.value, bytes):
            yield str(element.value)

"""What is judged by its bytes alone is judged as the rules judge it: `plain` against `clean`, value by value."""

import struct
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.privacy import plain
from sarcoma_review.privacy.clean import Cleaning
from sarcoma_review.privacy.identity import Identity, Keyed, Recognised
from sarcoma_review.privacy.memo import Memo, cleaned_elements
from sarcoma_review.privacy.profile import BASIC, PEER_LEARNING, Profile
from sarcoma_review.privacy.sources import quietly
from sarcoma_review.privacy.structure import EXPLICIT, Layout

CT = "1.2.840.10008.5.1.4.1.1.2"
TAGS: Mapping[bytes, tuple[int, ...]] = {
    b"DS": (0x00180050, 0x00180060, 0x00200032, 0x00101030, 0x00281050),
    b"IS": (0x00200011, 0x00200013, 0x00181152),
    b"UI": (0x00080018, 0x0020000D, 0x00200052, 0x00080016, 0x00081155),
    b"DA": (0x00080020, 0x00080023, 0x00100030),
    b"TM": (0x00080030, 0x00080033, 0x00100032),
    b"US": (0x00280010, 0x00280100),
    b"FD": (0x00189311,),
    b"LO": (0x0008103E, 0x00200032),
}
TEXT = st.text("0123456789.+-eE\\ \0A", max_size=20)
MOMENTS = st.sampled_from(
    ["20240301", "20240230", "101500", "101500.25", "10:15", "2024.03.01", "9434765919", "4711923"]
)


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    value += b" " * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def taken(parts: dict[int, bytes]) -> Layout:
    found, data = [], b""
    for tag, raw in sorted(parts.items()):
        found.append((tag, len(data), len(data) + len(raw)))
        data += raw
    return Layout({}, EXPLICIT, data, None, 0, "", (), tuple(found))


def judged(layout: Layout, who: Identity, profile: Profile) -> tuple[object, object]:
    run = Cleaning(
        who, profile, sop_class=CT, building=isinstance(who, Keyed), is_own=lambda word: word.strip() == "4711923"
    )
    with quietly():
        return cleaned_elements(layout, run, Memo()), run.changes


@pytest.mark.parametrize("profile", [PEER_LEARNING, BASIC])
@pytest.mark.parametrize("who", [Keyed(bytes(32), "one"), Recognised()])
@given(vr=st.sampled_from(sorted(TAGS)), nth=st.integers(0, 9), value=TEXT | MOMENTS, time=TEXT | MOMENTS)
def test_bytes_alone_are_judged_as_parsed_values_are(
    who: Identity, profile: Profile, *, vr: bytes, nth: int, value: str, time: str
) -> None:
    tag = TAGS[vr][nth % len(TAGS[vr])]
    parts = {0x00080033: element(0x00080033, b"TM", time.encode()), tag: element(tag, vr, value.encode())}
    quick = judged(taken(parts), who, profile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "treated", lambda *_: None)
        assert judged(taken(parts), who, profile) == quick


def test_a_slice_position_is_not_parsed() -> None:
    raw = element(0x00200032, b"DS", b"-249.51171875\\-12.5\\0 ")
    run = Cleaning(Keyed(bytes(32), "one"), PEER_LEARNING, sop_class=CT)
    assert plain.treated(plain.Unparsed(0x00200032, raw, b"", {}), run) == (raw, ())

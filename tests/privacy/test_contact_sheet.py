from collections.abc import Callable
from datetime import date
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, ExplicitVRLittleEndian, HTJ2KLossless, JPEG2000Lossless, JPEGLSLossless, RLELossless

from sarcoma_review.errors import PrivacyError, UnsupportedError
from sarcoma_review.privacy import pictures, pixels
from sarcoma_review.privacy.blanking import Blanking, TextLine
from sarcoma_review.privacy.contact_sheet import ContactSheet
from sarcoma_review.privacy.objects import KINDS, is_watched, refusal
from sarcoma_review.privacy.pictures import decoded, looked_at, ultrasound_regions, without_text
from sarcoma_review.privacy.signature import Signature
from tests.dicom.test_codecs import broken_high_throughput
from tests.privacy.case import NAME, PATIENT_ID, ct, save
from tests.privacy.picture import STORAGE, film, grey, screen, taken_apart

DAY = date(2026, 11, 22)


def _j2k(colours: NDArray[np.uint8]) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(colours, level=0, codecformat="j2k"))


def _rle(colours: NDArray[np.uint8]) -> bytes:
    ds = screen(colours)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.compress(RLELossless, encoding_plugin="pydicom")
    return bytes(next(generate_frames(ds.PixelData, number_of_frames=1)))


CODECS = [(JPEG2000Lossless, _j2k), (JPEGLSLossless, imagecodecs.jpegls_encode), (RLELossless, _rle)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One film with a name, one without, and three plain CT slices."""
    save(film(), tmp_path / "in" / "0001.dcm")
    save(film(grey(("R", 100, 20)), number=2), tmp_path / "in" / "0002.dcm")
    for number in (3, 4, 5):
        save(ct(number), tmp_path / "in" / f"{number:04d}.dcm")
    return tmp_path / "in"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say what the reader finds in every picture."""

    def answer(*lines: TextLine) -> None:
        monkeypatch.setattr(pictures, "find_text", lambda _image, **_named: list(lines))

    answer()
    return answer


def test_the_sheet_shows_the_films_and_blanks_the_name(source: Path) -> None:
    sheet = ContactSheet.of(source)
    first, second = sheet.pictures
    assert (first.kind, first.file) == ("DX", "0001.dcm")
    assert first.blanking.changes_something
    assert not second.blanking.changes_something
    assert (first.image[16:24, 12:120] == (230, 159, 0)).all()


def test_a_signature_covers_the_very_files_that_were_seen(source: Path, read: Callable[..., None]) -> None:
    read(TextLine((4, 4, 20, 60), NAME, is_marker=False))
    signature = ContactSheet.of(source / "0001.dcm").sign("radiologist", DAY)
    content = (source / "0001.dcm").read_bytes()
    seen = signature.covers(content)
    assert seen is not None
    assert seen.lines == (TextLine((4, 4, 20, 60), "", is_marker=False),)
    assert signature.covers(content[:-1] + b"\1") is None


def test_a_signature_read_back_is_the_same_and_its_record_holds_no_identifier(
    source: Path, tmp_path: Path, read: Callable[..., None]
) -> None:
    read(TextLine((4, 4, 20, 60), NAME, is_marker=False), TextLine((30, 4, 40, 12), "L", is_marker=True))
    signature = ContactSheet.of(source).sign("radiologist", DAY)
    signature.write(tmp_path / "signature.json")
    assert Signature.read(tmp_path / "signature.json") == signature
    written = (tmp_path / "signature.json").read_text() + repr(signature) + repr(signature.record())
    assert NAME not in written
    assert PATIENT_ID not in written
    assert signature.record()["lines_blanked"] == 5


def test_another_blanking_has_another_digest(source: Path, read: Callable[..., None]) -> None:
    read()
    sheet = ContactSheet.of(source)
    changed = sheet.with_box(0, (50, 60, 70, 90))
    assert sheet.sign("surgeon", DAY).digest != changed.sign("surgeon", DAY).digest
    assert (changed.pictures[0].image[55, 65] == (230, 159, 0)).all()


def test_what_was_taken_for_text_can_be_kept_and_a_picture_left_out(source: Path, read: Callable[..., None]) -> None:
    read(TextLine((4, 4, 20, 60), "", is_marker=False))
    sheet = ContactSheet.of(source).keeping(1, 0).without(0)
    assert [picture.blanking.changes_something for picture in sheet.pictures][:1] == [False]
    assert sheet.unseen == (("0001.dcm", "left out by hand"),)
    assert sheet.sign("surgeon", DAY).covers((source / "0001.dcm").read_bytes()) is None


def test_a_name_cannot_sign(source: Path, read: Callable[..., None]) -> None:
    read()
    with pytest.raises(PrivacyError, match="a role and never a person") as caught:
        ContactSheet.of(source).sign(f"Dr {NAME}", DAY)
    assert NAME not in str(caught.value)


def test_an_empty_sheet_is_not_signed() -> None:
    with pytest.raises(PrivacyError, match="nothing to sign"):
        ContactSheet(()).sign("surgeon", DAY)


def test_a_signature_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "signature.json").write_text('{"role": "surgeon"}')
    with pytest.raises(PrivacyError, match="cannot be read"):
        Signature.read(tmp_path / "signature.json")


def test_a_series_with_text_on_one_sampled_slice_comes_whole(source: Path, read: Callable[..., None]) -> None:
    for path in source.glob("000[12].dcm"):
        path.unlink()
    assert ContactSheet.of(source).pictures == ()
    read(TextLine((1, 1, 3, 7), NAME, is_marker=False))
    assert [picture.kind for picture in ContactSheet.of(source).pictures] == ["CT", "CT", "CT"]


@pytest.mark.parametrize("sop_class", sorted(KINDS))
def test_what_is_told_to_need_a_sheet_comes_onto_one(tmp_path: Path, sop_class: str) -> None:
    ds = film()
    ds.SOPClassUID, ds.BurnedInAnnotation = sop_class, "YES"
    layout, header = taken_apart(ds, tmp_path / "film.dcm")
    reason = refusal(header, layout)
    assert ("needs a signed contact sheet" in reason) == is_watched(header)
    assert reason


@pytest.mark.usefixtures("read")
def test_a_segmentation_that_says_it_bears_text_stays_closed_whatever_is_signed(tmp_path: Path) -> None:
    ds = film()
    ds.SOPClassUID, ds.BurnedInAnnotation = f"{STORAGE}66.4", "YES"
    layout, header = taken_apart(ds, tmp_path / "seg.dcm")
    assert "in an object that no contact sheet shows (SEG)" in refusal(header, layout, signed=True)
    assert ContactSheet.of(tmp_path).pictures == ()


@pytest.mark.usefixtures("read")
def test_a_picture_is_decoded_once(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decodings: list[int] = []
    real = pixels.native

    def counted(header: Dataset, value: bytes, **named: bool) -> bytes:
        decodings.append(1)
        return real(header, value, **named)

    monkeypatch.setattr(pixels, "native", counted)
    assert len(ContactSheet.of(source / "0001.dcm").pictures) == len(decodings) == 1


def test_pages_hold_six_pictures_and_name_no_file(source: Path, tmp_path: Path, read: Callable[..., None]) -> None:
    read(TextLine((1, 1, 3, 7), NAME, is_marker=False))
    for number in range(6, 9):
        save(film(number=number), source / f"{number:04d}.dcm")
    pages = ContactSheet.of(source).write(tmp_path / "pages")
    assert [path.name for path in pages] == ["contact_sheet_001.png", "contact_sheet_002.png"]
    with Image.open(pages[0]) as page:
        assert page.size == (1536, 1024)


def test_an_ultrasound_picture_loses_what_is_outside_its_regions(tmp_path: Path) -> None:
    colours = np.full((240, 320, 3), 90, np.uint8)
    ds = screen(colours, regions=[(40, 50, 199, 299), (300, 300, 200, 200)])
    layout, header = taken_apart(ds, tmp_path / "us.dcm")
    assert ultrasound_regions(header) == ((40, 50, 200, 300),)
    cleaned, _ = without_text(layout, header, looked_at(decoded(layout, header), header))
    result = decoded(cleaned, header)[0]
    assert (result[40:200, 50:300] == 90).all()
    assert not result[:40].any()


def test_text_on_any_frame_goes_from_all_frames(tmp_path: Path) -> None:
    ds = film()
    frames = np.stack([grey(), grey(), grey(("17.05.2008", 200, 30))])
    ds.NumberOfFrames, ds.PixelData = 3, frames.tobytes()
    layout, header = taken_apart(ds, tmp_path / "cine.dcm")
    result = decoded(without_text(layout, header, looked_at(decoded(layout, header), header))[0], header)
    assert (result[:, 204:214, 32:108] == frames.min()).all()
    assert (result[:, :190] == frames[:, :190]).all()


@pytest.mark.parametrize(("syntax", "encode"), CODECS)
def test_compressed_pictures_are_decoded_and_rewritten_plain(
    tmp_path: Path, syntax: UID, encode: Callable[[NDArray[np.uint8]], bytes]
) -> None:
    colours = np.repeat(grey()[..., None] // 16, 3, axis=2).astype(np.uint8)
    ds = screen(colours)
    ds.PixelData = encapsulate([encode(colours)])
    layout, header = taken_apart(ds, tmp_path / "compressed.dcm", syntax=syntax)
    assert (decoded(layout, header)[0] == colours).all()
    line = TextLine((10, 20, 30, 100), "", is_marker=False)
    plain, changed = without_text(layout, header, Blanking((line,)))
    assert not plain.encapsulated
    assert changed.PhotometricInterpretation == "RGB"
    assert (decoded(plain, changed)[0][40:] == colours[40:]).all()


def test_nothing_is_rewritten_where_nothing_goes(tmp_path: Path) -> None:
    layout, header = taken_apart(film(), tmp_path / "film.dcm")
    marker = TextLine((10, 20, 30, 40), "L", is_marker=True)
    assert without_text(layout, header, Blanking((marker,))) == (layout, header)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"BitsAllocated": 1}, "pixels of 1 bits"), ({"PhotometricInterpretation": "YBR_FULL_422"}, "half resolution")],
)
def test_pixels_that_cannot_be_judged_are_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    layout, header = taken_apart(film(), tmp_path / "film.dcm")
    for keyword, value in change.items():
        setattr(header, keyword, value)
    with pytest.raises(UnsupportedError, match=reason):
        decoded(layout, header)


def test_a_high_throughput_picture_whose_decoder_stops_is_not_taken_for_a_dark_one(tmp_path: Path) -> None:
    ds = film(np.zeros((16, 16), np.uint16))
    ds.PixelData = encapsulate([broken_high_throughput()])
    layout, header = taken_apart(ds, tmp_path / "broken.dcm", syntax=HTJ2KLossless)
    with pytest.raises(UnsupportedError, match="compressed pixels that cannot be decoded"):
        decoded(layout, header)


def test_pages_are_those_of_the_sheet_until_a_pixel_of_it_changes(
    source: Path, tmp_path: Path, read: Callable[..., None]
) -> None:
    read()
    sheet = ContactSheet.of(source)
    assert not sheet.is_written(tmp_path / "pages")
    sheet.write(tmp_path / "pages")
    assert sheet.is_written(tmp_path / "pages")
    assert not sheet.with_box(0, (50, 60, 70, 90)).is_written(tmp_path / "pages")

"""An adversarial corpus: every row of the table wherever it can stand, and every trick that hides an identifier.

`adversarial` gives named files as bytes; what they hold is noted in the planter. All are invented.
"""

import datetime as dt
import struct
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO

import numpy as np
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from sarcoma_review.privacy.profile import table
from tests.privacy import coherent
from tests.privacy.canaries import Planter
from tests.privacy.coherent import Person

ROWS_PER_FILE = 24
START = dt.datetime(2019, 3, 4, 10, 11, 12)
# Rows that pydicom's dictionary does not hold: a sequence by its name, and otherwise text.
_OUTER = (0x00082218, 0x00081140, 0x00540220, 0x00400555, 0x00189346)
"""Sequences to hide in: outside the table, of references, and in it."""

OFF_TABLE = (
    *("CodeMeaning", "ImageType", "SequenceName", "ConvolutionKernel", "ScanOptions", "Manufacturer", "FilterType"),
    *("ManufacturerModelName", "SoftwareVersions", "RescaleType", "LUTExplanation", "WindowCenterWidthExplanation"),
    *("ReceiveCoilName", "TransmitCoilName", "PulseSequenceName", "BodyPartExamined", "ContentLabel", "Laterality"),
    *("CodingSchemeDesignator", "CodingSchemeVersion", "PatientPosition", "ImagedNucleus", "StackID", "RetrieveURL"),
    *("VolumetricProperties", "QualityControlImage", "PositionReferenceIndicator", "Rows", "SeriesNumber"),
    *("PixelPaddingValue", "AcquisitionNumber", "ImageComments", "PresentationLUTShape", "SegmentLabel", "LUTLabel"),
    *("UniversalEntityID", "SpatialResolution", "TriggerTime", "PixelSpacing", "DetectorType", "GraphicLayer"),
)


def _slice(plant: Planter, who: Person) -> Dataset:
    return coherent.ct_series(plant, who, START, slices=1)[0]


def encoded(ds: Dataset, syntax: UID = ExplicitVRLittleEndian, meta: Dataset | None = None) -> bytes:
    """Write a data set as a DICOM file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.update(meta or Dataset())
    ds.file_meta.TransferSyntaxUID = syntax
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def rows() -> list[tuple[int, str]]:
    """Each tag of the table with its VR; repeating groups by one member."""
    found = []
    for tag in table():
        if tag == "ggggeeee":
            continue
        number = int(tag.replace("50xxxxxx", "50042500").replace("x", "0"), 16)
        if number >> 16 > 2 and number >> 16 != 4:
            found.append((number, dictionary_VR(number).split(" or ")[-1] if dictionary_has_tag(number) else "LO"))
    return found


def _plant_rows(target: Dataset, rows: list[tuple[int, str]], plant: Planter, kind: str, *, unknown: bool) -> None:
    for tag, vr in rows:
        if (unknown and vr == "SQ") or (value := plant.value(kind, vr)) is None:
            continue
        if unknown and not isinstance(value, bytes):
            value = str(value).encode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.add_new(tag, "UN" if unknown else vr, value)


def _in_public(ds: Dataset, depth: int) -> Dataset:
    for level in range(depth):
        item = Dataset()
        ds.add_new(_OUTER[level % len(_OUTER)], "SQ", Sequence([item]))
        ds = item
    return ds


def _in_private(ds: Dataset) -> Dataset:
    item = Dataset()
    ds.private_block(0x0021, "ACME 1.1", create=True).add_new(0x10, "SQ", Sequence([item]))
    return item


PLACES: dict[str, Callable[[Dataset], Dataset]] = {
    "at root": lambda ds: ds,
    "in a sequence": lambda ds: _in_public(ds, 1),
    "three deep": lambda ds: _in_public(ds, 3),
    "in a private sequence": _in_private,
    "as UN": lambda ds: ds,
    "as UN in a sequence": lambda ds: _in_public(ds, 1),
}


def tables(plant: Planter, who: Person) -> Iterator[tuple[str, bytes]]:
    """Every row of Table E.1-1 in every place."""
    every = rows()
    own = {tag_for_keyword(k) for k in ("SOPInstanceUID", "SOPClassUID", "SpecificCharacterSet", "PatientID")}
    for place, find in PLACES.items():
        for start in range(0, len(every), ROWS_PER_FILE):
            ds = _slice(plant, who)
            chunk = [row for row in every[start : start + ROWS_PER_FILE] if find(ds) is not ds or row[0] not in own]
            _plant_rows(find(ds), chunk, plant, f"table {place}", unknown="UN" in place)
            syntax = ImplicitVRLittleEndian if start // ROWS_PER_FILE % 3 == 1 else ExplicitVRLittleEndian
            yield f"table/{place}/{start}", encoded(ds, syntax)


def off_table(plant: Planter, who: Person) -> Iterator[tuple[str, bytes]]:
    """Text where no row of the table looks for it: at the root, deep, and the patient's own name."""
    for depth in (0, 2):
        for keyword in OFF_TABLE:
            tag = tag_for_keyword(keyword)
            assert tag is not None
            vr = dictionary_VR(tag)
            value = plant.value("off-table text", "LO" if vr in ("US", "US or SS") else vr)
            ds = _slice(plant, who)
            target = _in_public(ds, depth)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                target.add_new(tag, "LO" if vr.startswith("US") else vr, value)
            yield f"text/{keyword}/{depth}", encoded(ds)
    for keyword in ("Manufacturer", "ScanOptions", "ConvolutionKernel", "SeriesDescription", "ImageType"):
        ds = _slice(plant, who)
        setattr(ds, keyword, who.name.split("^")[0].upper())
        yield f"own name/{keyword}", encoded(ds)


CHARSETS = (
    ("ISO_IR 192", "大腿骨肉腫患者名前"),
    ("ISO_IR 100", "Müllerström-Ängel"),
    ("GB18030", "股骨肉瘤患者姓名"),
    ("ISO_IR 144", "Кузнецовская"),
    ("ISO_IR 13", "ｱｲｳｴｵｶｷｸ"),
)


def character_sets(plant: Planter, who: Person) -> Iterator[tuple[str, bytes]]:
    """Names and descriptions in character sets other than the default."""
    for charset, name in CHARSETS:
        ds = _slice(plant, who)
        ds.SpecificCharacterSet = charset
        for keyword in ("PatientName", "SeriesDescription", "ImageComments", "ProtocolName", "Manufacturer"):
            setattr(ds, keyword, name)
        ds.AnatomicRegionSequence[0].CodeMeaning = name
        plant.note("character set", "exact", name)
        yield f"charset/{charset}", encoded(ds)
    ds = _slice(plant, who)
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    ds.PatientName = f"{plant.word('character set')}=山田太郎一郎=やまだたろういちろう"
    ds.SeriesDescription = "大腿骨山田太郎一郎"
    ds.add_new(0x00080008, "CS", b"ORIGINAL\\PRIMARY\\" + "山田太郎一郎".encode("iso2022_jp"))
    plant.note("character set", "exact", "山田太郎一郎")
    yield "charset/ISO 2022 IR 87", encoded(ds)


def encodings(plant: Planter, who: Person) -> Iterator[tuple[str, bytes]]:
    """The same planted slice in every native encoding."""
    for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian):
        ds = _slice(plant, who)
        if syntax == ExplicitVRBigEndian:
            ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        ds.PatientComments, ds.SeriesDescription = plant.word("encoding"), plant.word("encoding")
        yield f"encoding/{syntax.name}", encoded(ds, syntax)


def _jpeg(word: str) -> bytes:
    """A picture with EXIF and a comment, and words behind its end."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(buffer, "JPEG")
    plain, segment = buffer.getvalue(), b""
    for marker, head in ((0xE1, b"Exif\0\0"), (0xFE, b""), (0xED, b"Photoshop 3.0\0")):
        body = head + word.encode()
        segment += bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body
    return plain[:2] + segment + plain[2:] + word.encode()


def tricks(plant: Planter, who: Person) -> Iterator[tuple[str, bytes]]:
    """Corners of a file that readers of data sets do not look into."""
    for name, hide in _TRICKS.items():
        ds = _slice(plant, who)
        yield f"trick/{name}", hide(ds, plant)


def _preamble(ds: Dataset, plant: Planter) -> bytes:
    return plant.word("preamble").encode().ljust(128, b"\0") + encoded(ds)[128:]


def _trailing(ds: Dataset, plant: Planter) -> bytes:
    return encoded(ds) + plant.word("trailing bytes").encode()


def _pixel_tail(ds: Dataset, plant: Planter) -> bytes:
    ds.PixelData += plant.word("pixel tail").encode() + b"\0"
    return encoded(ds)


def _padding(ds: Dataset, plant: Planter) -> bytes:
    ds.add_new(0xFFFCFFFC, "OB", plant.word("trailing padding").encode() + b"\0")
    return encoded(ds)


def _meta(ds: Dataset, plant: Planter) -> bytes:
    meta = Dataset()
    meta.SourceApplicationEntityTitle = plant.word("file meta").upper()
    meta.ImplementationVersionName = plant.word("file meta")
    meta.ImplementationClassUID = plant.uid("file meta")
    meta.PrivateInformationCreatorUID = plant.uid("file meta")
    meta.PrivateInformation = plant.word("file meta").encode() + b"\0"
    meta.add_new(0x00020026, "UR", f"https://{plant.word('file meta')}.example")
    return encoded(ds, meta=meta)


def _overlay(ds: Dataset, plant: Planter) -> bytes:
    for group in (0x6000, 0x6002, 0x601E):
        ds.add_new((group, 0x3000), "OW", plant.word("overlay").encode() + b"\0")
        ds.add_new((group, 0x0022), "LO", plant.word("overlay"))
        ds.add_new((group, 0x1500), "LO", plant.word("overlay"))
    return encoded(ds)


def _high_bits(ds: Dataset, plant: Planter) -> bytes:  # noqa: ARG001 - the picture itself is the secret
    samples = np.frombuffer(ds.PixelData, "<u2") | (np.arange(256, dtype="<u2") % 2 << 15)
    ds.PixelData = samples.astype("<u2").tobytes()
    ds.add_new(0x60000100, "US", 16)
    ds.add_new(0x60000102, "US", 15)
    ds.add_new(0x60000010, "US", 16)
    ds.add_new(0x60000011, "US", 16)
    return encoded(ds)


def _curve(ds: Dataset, plant: Planter) -> bytes:
    ds.add_new(0x50001001, "OB", plant.word("curve").encode() + b"\0")
    ds.add_new(0x50042500, "LO", plant.word("curve"))
    return encoded(ds)


def _exif(ds: Dataset, plant: Planter) -> bytes:
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = encapsulate([_jpeg(plant.word("JPEG"))])
    ds["PixelData"].VR = "OB"
    return encoded(ds, JPEGBaseline8Bit)


def _no_creator(ds: Dataset, plant: Planter) -> bytes:
    ds.add_new(0x00091001, "LO", plant.word("private"))
    ds.add_new(0x00191008, "LO", plant.word("private"))
    ds.add_new(0x00190010, "LO", plant.word("private"))
    return encoded(ds)


def _false_creator(ds: Dataset, plant: Planter) -> bytes:
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "LO", plant.word("private"))
    block.add_new(0x0D, "CS", plant.word("private").upper())
    block.add_new(0x0E, "UN", plant.word("private").encode())
    philips = ds.private_block(0x2001, "Philips Imaging DD 001", create=True)
    philips.add_new(0x03, "UN", plant.word("private").encode())
    return encoded(ds)


def _original(ds: Dataset, plant: Planter) -> bytes:
    old, item = Dataset(), Dataset()
    old.PatientName, old.PatientID, old.StudyDescription = plant.word("old"), plant.word("old"), plant.word("old")
    item.ModifiedAttributesSequence, item.SourceOfPreviousValues = Sequence([old]), plant.word("old")
    item.ReasonForTheAttributeModification = plant.word("old").upper()
    ds.OriginalAttributesSequence = Sequence([item])
    sealed = Dataset()
    sealed.EncryptedContent = plant.word("old").encode() + b"\0"
    ds.EncryptedAttributesSequence = Sequence([sealed])
    signature = Dataset()
    signature.Signature, signature.DigitalSignatureUID = plant.word("old").encode() + b"\0", plant.uid("old")
    ds.DigitalSignaturesSequence = Sequence([signature])
    icon = Dataset()
    icon.PixelData, icon.Rows, icon.Columns = plant.word("old").encode() + b"\0", 3, 4
    icon["PixelData"].VR = "OB"
    ds.IconImageSequence = Sequence([icon])
    return encoded(ds)


def _numbers(ds: Dataset, plant: Planter) -> bytes:
    nhs = plant.nhs("number in text")
    born, phone = plant.day("number in text"), plant.note("number in text", "digits", "0" + nhs[::-1])
    ds.ImageComments = f"NHS {nhs}, dob {born}, tel {phone}, postcode ZE9 9ZZ"
    ds.SeriesDescription = f"femur {nhs[:3]} {nhs[3:6]} {nhs[6:]}"
    plant.note("number in text", "exact", f"{nhs[:3]} {nhs[3:6]} {nhs[6:]}")
    ds.ProtocolName, ds.StudyDescription = "knee ZE9 9ZZ", f"knee {nhs[:3]}-{nhs[3:6]}-{nhs[6:]}"
    plant.note("number in text", "exact", "ZE9 9ZZ")
    plant.note("number in text", "exact", f"{nhs[:3]}-{nhs[3:6]}-{nhs[6:]}")
    return encoded(ds)


def _uid_with_number(ds: Dataset, plant: Planter) -> bytes:
    nhs = plant.nhs("uid")
    ds.FrameOfReferenceUID = f"1.2.840.10008.{nhs}"
    ds.SynchronizationFrameOfReferenceUID = f"2.25.{nhs}"
    ds.IrradiationEventUID = f"1.2.840.10008.5.1.4.{nhs[:5]}.{nhs[5:]}"
    ds.ContextUID = f"1.2.840.10008.6.1.{nhs}"
    plant.note("uid", "exact", f"{nhs[:5]}.{nhs[5:]}")
    return encoded(ds)


def _uid_in_text(ds: Dataset, plant: Planter) -> bytes:
    ds.ImageComments = f"from {plant.uid('uid')}"
    ds.SeriesDescription = f"femur {plant.uid('uid')}"
    return encoded(ds)


def _pieces(ds: Dataset, plant: Planter) -> bytes:
    word = plant.word("free text")
    ds.ImageComments, ds.SeriesDescription = " ".join(word), "-".join(word)
    plant.note("free text", "exact", " ".join(word))
    plant.note("free text", "exact", "-".join(word))
    ds.ProtocolName, ds.StudyDescription = f"femur{word}", f"T2_{word}_left"
    ds.ContrastBolusAgent = f"{word}3mm"
    return encoded(ds)


def _wide_text(ds: Dataset, plant: Planter) -> bytes:
    raw = encoded(ds)
    word = plant.word("UTF-16").encode("utf-16-le")
    element = struct.pack("<HH2sH", 0x0008, 0x103E, b"LO", len(word)) + word
    old = struct.pack("<HH2sH", 0x0008, 0x103E, b"LO", len(ds.SeriesDescription) + len(ds.SeriesDescription) % 2)
    start = raw.index(old)
    return raw[:start] + element + raw[start + 8 + struct.unpack("<H", old[-2:])[0] :]


def _behind_null(ds: Dataset, plant: Planter) -> bytes:
    ds.SeriesDescription, ds.ImageType = (
        f"femur\0{plant.word('behind null')}",
        ["ORIGINAL", f"PRIMARY\0{plant.word('behind null')}"],
    )
    ds.Manufacturer, ds.SliceThickness = f"SIEMENS\0{plant.word('behind null')}", "3.0"
    return encoded(ds)


def _table_bytes(ds: Dataset, plant: Planter) -> bytes:
    lut = Dataset()
    lut.LUTDescriptor, lut.ModalityLUTType = [8, 0, 16], "HU"
    lut.LUTData = plant.word("bytes of a table").encode() + b"\0" * 5
    lut["LUTData"].VR = "OW"
    ds.ModalityLUTSequence = Sequence([lut])
    ds.RedPaletteColorLookupTableData = plant.word("bytes of a table").encode() + b"\0"
    ds["RedPaletteColorLookupTableData"].VR = "OW"
    return encoded(ds)


def _twice(ds: Dataset, plant: Planter) -> bytes:
    raw, word = encoded(ds), plant.word("twice")
    element = struct.pack("<HH2sH", 0x0008, 0x0060, b"CS", 12) + word.encode() + b" "
    start = raw.index(struct.pack("<HH2sH", 0x0008, 0x0060, b"CS", 2))
    return raw[:start] + element + raw[start:]


_TRICKS: dict[str, Callable[[Dataset, Planter], bytes]] = {
    function.__name__.strip("_"): function
    for function in (
        *(_preamble, _trailing, _pixel_tail, _padding, _meta, _overlay, _high_bits, _curve, _exif, _no_creator),
        *(_false_creator, _original, _numbers, _uid_with_number, _uid_in_text, _pieces, _wide_text, _behind_null),
        *(_table_bytes, _twice),
    )
}


def adversarial(plant: Planter) -> Iterator[tuple[str, bytes]]:
    """Every adversarial file, with a name that says what it is."""
    who = coherent.person(plant)
    for kind in (tables, off_table, character_sets, encodings, tricks):
        yield from kind(plant, who)

"""A head in the field of view, from the hospital's files to the deck."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, Sequence
from pydicom.uid import EnhancedCTImageStorage

from sarcoma_review.dicom import open_study
from sarcoma_review.errors import PrivacyError
from sarcoma_review.present.figures import slice_image
from sarcoma_review.present.leaving import require_export
from sarcoma_review.privacy import deidentify, sign_heads
from sarcoma_review.privacy.head import cropped_below
from sarcoma_review.privacy.heads import with_heads
from sarcoma_review.privacy.receipt import AUDIT_NAMES, RECEIPT_NAME
from sarcoma_review.privacy.work import Done
from sarcoma_review.volume import Volume
from tests.privacy.case import HEADERS_ALONE, ct, save
from tests.privacy.phantom_head import AXIAL, CORONAL, FEET_FIRST, acquired, body, head

BRAIN = "bone closes around what has the density of brain"
DAY = date(2026, 11, 22)
PROFILE = HEADERS_ALONE["peer-learning"]

Write = Callable[..., Path]


def slices(volume: Volume, **words: str) -> list[Dataset]:
    """The volume as CT slices, numbered from its first."""
    files = []
    for number, values in enumerate(volume.array, 1):
        ds = ct(number)
        _, down, across = volume.affine[:3, :3].T
        spacing = float(np.linalg.norm(down)), float(np.linalg.norm(across))
        ds.ImagePositionPatient = [float(mm) for mm in volume.position_mm((number - 1, 0, 0))]
        ds.ImageOrientationPatient = [float(c) for c in (*(across / spacing[1]), *(down / spacing[0]))]
        ds.PixelSpacing = list(spacing)
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "-1024", "HU"
        ds.Rows, ds.Columns = values.shape
        ds.PixelData = (values + 1024).astype(np.uint16).tobytes()
        for keyword, value in words.items():
            setattr(ds, keyword, value)
        files.append(ds)
    return files


@pytest.fixture
def case(tmp_path: Path) -> Write:
    """De-identify slices of a volume."""

    def write(volume: Volume, *, profile: str = "peer-learning", **words: str) -> Path:
        for number, ds in enumerate(slices(volume, **words), 1):
            save(ds, tmp_path / "in" / f"{number:04d}.dcm")
        deidentify(tmp_path / "in", tmp_path / "case", key_file=tmp_path / "key", profile=HEADERS_ALONE[profile])
        return tmp_path / "case"

    return write


@pytest.mark.parametrize("grid", [AXIAL, FEET_FIRST, CORONAL], ids=["axial", "feet first", "coronal"])
def test_a_head_without_a_word_is_flagged_and_opens_for_planning_alone(
    case: Write, grid: NDArray[np.float64]
) -> None:
    study = open_study(case(acquired(head, grid)))
    (volume,) = study.volumes
    assert volume.head == BRAIN
    assert study.issues == [f"CT Femur left 3.0 mm: a head may lie in the field of view, export is closed: {BRAIN}"]
    with pytest.raises(PrivacyError, match="A picture leaves this machine, and a face could be drawn from the CT"):
        slice_image(volume, "axial", (0.0, 0.0, 100.0))


def test_a_thigh_is_not_flagged_and_a_picture_of_it_is_made(case: Write) -> None:
    (volume,) = open_study(case(acquired(body(85.0, 85.0), AXIAL))).volumes
    assert volume.head == ""
    assert slice_image(volume, "axial", (0.0, 0.0, 100.0)).png


@pytest.mark.parametrize("profile", ["peer-learning", "basic"])
def test_the_words_of_the_source_count_where_the_copy_has_lost_them(case: Write, profile: str) -> None:
    thigh = acquired(body(85.0, 85.0), AXIAL)
    folder = case(thigh, profile=profile, ProtocolName="Skull base", BodyPartExamined="")
    (volume,) = open_study(folder).volumes
    assert volume.head == "the header names the head (ProtocolName)"
    assert "kull" not in (folder / AUDIT_NAMES[0]).read_text()


def test_report_receipt_and_audit_say_which_images_and_why(tmp_path: Path) -> None:
    files = slices(acquired(head, AXIAL))
    for number, ds in enumerate(files, 1):
        save(ds, tmp_path / "in" / f"{number:04d}.dcm")
    report = deidentify(tmp_path / "in", tmp_path / "case", key_file=tmp_path / "key", profile=PROFILE)
    assert report.heads == (("CT-1", BRAIN),)
    assert f"CT-1: a head may be in view, export is closed: {BRAIN}" in repr(report)
    audit = json.loads((tmp_path / "case" / AUDIT_NAMES[0]).read_text())
    assert audit["heads_in_view"] == {BRAIN: len(files)}
    assert BRAIN in (tmp_path / "case" / AUDIT_NAMES[1]).read_text()


def test_a_signature_opens_the_export_and_stands_in_receipt_and_audit(case: Write) -> None:
    folder = case(acquired(head, AXIAL))
    signed = sign_heads(folder, "radiologist", DAY)
    (volume,) = open_study(folder).volumes
    require_export(volume, "A deck")
    assert open_study(folder).clearance == "receipt"
    audit = json.loads((folder / AUDIT_NAMES[0]).read_text())
    assert audit["heads_signed"] == [{"role": "radiologist", "on": "2026-11-22", "images": signed}]
    assert "<td>radiologist</td><td>2026-11-22</td>" in (folder / AUDIT_NAMES[1]).read_text()


def test_a_signature_written_in_by_hand_breaks_the_seal_and_opens_nothing(case: Write) -> None:
    folder = case(acquired(head, AXIAL))
    receipt = json.loads((folder / RECEIPT_NAME).read_text())
    for entry in receipt["files"].values():
        entry["head_signed"] = {"role": "surgeon", "on": "2026-11-22"}
    (folder / RECEIPT_NAME).write_text(json.dumps(receipt))
    (volume,) = open_study(folder).volumes
    assert volume.head == BRAIN
    with pytest.raises(PrivacyError, match="a case whose receipt stands"):
        sign_heads(folder, "surgeon", DAY)


def test_without_a_receipt_the_pixels_themselves_tell(case: Write) -> None:
    folder = case(acquired(head, AXIAL))
    (folder / RECEIPT_NAME).unlink()
    (volume,) = open_study(folder).volumes
    assert (volume.clearance, volume.head) == ("checked", BRAIN)


def test_a_case_without_a_head_and_a_person_s_name_are_not_signed(case: Write) -> None:
    folder = case(acquired(body(85.0, 85.0), AXIAL))
    with pytest.raises(PrivacyError, match="no head was seen"):
        sign_heads(folder, "surgeon", DAY)
    with pytest.raises(PrivacyError, match="a role and never a person"):
        sign_heads(folder, "Dr Brambleby", DAY)


def test_a_crop_of_what_was_opened_may_leave(case: Write) -> None:
    (volume,) = open_study(case(acquired(head, AXIAL))).volumes
    below = cropped_below(volume, 100.0)
    assert slice_image(below, "axial", (0.0, 0.0, 60.0)).png
    assert len(below.slice_uids) == below.shape[0]


def test_frames_of_one_file_are_placed_by_their_functional_groups(tmp_path: Path) -> None:
    files = slices(acquired(head, AXIAL))
    whole = files[0]
    whole.SOPClassUID, whole.NumberOfFrames = EnhancedCTImageStorage, len(files)
    whole.PixelData = b"".join(ds.PixelData for ds in files)
    whole.SharedFunctionalGroupsSequence = Sequence([_group(whole, "PlaneOrientation", "ImageOrientationPatient")])
    _add(whole.SharedFunctionalGroupsSequence[0], whole, "PixelMeasures", "PixelSpacing")
    _add(whole.SharedFunctionalGroupsSequence[0], whole, "PixelValueTransformation", "RescaleIntercept")
    groups = [_group(ds, "PlanePosition", "ImagePositionPatient") for ds in files]
    whole.PerFrameFunctionalGroupsSequence = Sequence(groups)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleIntercept"):
        del whole[keyword]
    save(whole, tmp_path / "000001")
    done = [Done(1, "one", kind="CT", series="1", entry={"head": ""})]
    assert with_heads(done, tmp_path)[0].entry["head"] == BRAIN


def _group(ds: Dataset, macro: str, keyword: str) -> Dataset:
    group = Dataset()
    _add(group, ds, macro, keyword)
    return group


def _add(group: Dataset, ds: Dataset, macro: str, keyword: str) -> None:
    item = Dataset()
    item[keyword] = ds[keyword]
    setattr(group, f"{macro}Sequence", Sequence([item]))


def test_pixels_that_cannot_be_decoded_stay_closed(tmp_path: Path) -> None:
    ds = slices(acquired(head, AXIAL))[0]
    ds.BitsAllocated = 12
    save(ds, tmp_path / "000001")
    (one,) = with_heads([Done(1, "one", kind="CT", series="1", entry={"head": ""})], tmp_path)
    assert one.entry["head"] == "its pixels could not be looked at for a head"


def test_no_volume_of_the_sample_patient_is_taken_for_a_head() -> None:
    sample = Path(__file__).parents[2] / "sample_dicom" / "distal_femur_osteosarcoma" / "dicom"
    assert [(volume.modality, volume.head) for volume in open_study(sample).volumes] == [("CT", ""), ("MR", "")]

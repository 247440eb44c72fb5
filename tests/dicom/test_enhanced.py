from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from sarcoma_review.dicom.scan import SeriesEntry, scan
from sarcoma_review.errors import DecodeError, MissingSlicesError, TruncatedError
from tests.dicom.enhanced_series import enhanced, item
from tests.dicom.series import COLUMNS, ROWS, save
from tests.dicom.test_codecs import ENCODERS, JPEG, noise


def entry(dataset: Dataset, folder: Path) -> SeriesEntry:
    (found,) = scan(save([dataset], folder)).series.values()
    return found


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_frames_lie_where_their_own_groups_put_them(modality: str, tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(6)
    dataset = enhanced(6, modality=modality, positions=[(-5, 7, 2.5 * z) for z in order])
    (spec,) = entry(dataset, tmp_path).volumes()
    volume = spec.load()
    assert volume.array[:, 0, 0].tolist() == (np.argsort(order) * 100).tolist()
    assert volume.position_mm((5, 1, 2)) == pytest.approx((-5 + 1.6, 7 + 0.7, 12.5))
    assert set(volume.slice_uids) == {dataset.SOPInstanceUID}


def test_each_frame_keeps_its_own_rescale(tmp_path: Path) -> None:
    groups = [
        {"PixelValueTransformationSequence": item(RescaleSlope=slope, RescaleIntercept=-1, RescaleType="US")}
        for slope in (1, 2.5, 4)
    ]
    (spec,) = entry(enhanced(3, modality="MR", groups=groups), tmp_path).volumes()
    assert spec.load().array[:, 0, 1].tolist() == [0, 251.5, 803]


@pytest.mark.parametrize(
    "group",
    [
        lambda n: {"MREchoSequence": item(EffectiveEchoTime=10.0 + n)},
        lambda n: {"MRDiffusionSequence": item(DiffusionBValue=400.0 * n)},
        lambda n: {"FrameContentSequence": item(TemporalPositionIndex=n + 1)},
        lambda n: {"FrameContentSequence": item(DimensionIndexValues=[1, n + 1])},
        lambda n: {
            "MRImageFrameTypeSequence": item(FrameType=["ORIGINAL", "PRIMARY", "M", "PHASE" if n else "NONE"])
        },
    ],
    ids=["echo", "diffusion", "time", "dimension", "type"],
)
def test_several_volumes_in_one_file_are_parted_by_what_tells_them(
    group: Callable[[int], dict[str, Any]], tmp_path: Path
) -> None:
    positions = [(0, 0, 3 * (k // 2)) for k in range(8)]
    dataset = enhanced(8, modality="MR", positions=positions, groups=[group(k % 2) for k in range(8)])
    volumes = [spec.load() for spec in entry(dataset, tmp_path).volumes()]
    assert [(volume.array[:, 0, 0] // 100).tolist() for volume in volumes] == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_frames_of_another_orientation_and_spacing_are_another_volume(tmp_path: Path) -> None:
    across = {
        "PlaneOrientationSequence": item(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]),
        "PixelMeasuresSequence": item(PixelSpacing=[1.5, 1.5]),
    }
    positions = [(0, 0, 0), (0, 0, 3), (0, 0, 6), (0, 0, 0), (-4, 0, 0), (-8, 0, 0)]
    specs = entry(enhanced(6, positions=positions, groups=[{}] * 3 + [across] * 3), tmp_path).volumes()
    assert [spec.grid.spacing_mm for spec in specs] == [
        pytest.approx((3, 0.7, 0.8)),
        pytest.approx((4, 1.5, 1.5)),
    ]


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_way_of_writing_gives_the_same_frames(syntax: str, tmp_path: Path) -> None:
    dataset = enhanced(3)
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = np.frombuffer(dataset.PixelData, "<i2").astype(">i2").tobytes()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    (spec,) = entry(dataset, tmp_path).volumes()
    assert np.array_equal(spec.load().array.reshape(3, -1), np.arange(3)[:, None] * 100 + np.arange(ROWS * COLUMNS))


@pytest.mark.parametrize("fragments", [1, 2])
def test_compressed_frames_are_found_each_by_itself(fragments: int, tmp_path: Path) -> None:
    frames = [noise() + np.uint16(k) for k in range(4)]
    dataset = enhanced(4, PixelRepresentation=0)
    coded = [ENCODERS[f"{JPEG}.80"](frame) for frame in frames]
    dataset.PixelData = encapsulate(coded, fragments_per_frame=fragments)
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = UID(f"{JPEG}.80")
    (spec,) = entry(dataset, tmp_path).volumes()
    assert np.array_equal(spec.load().array, frames)


def test_fragments_that_no_table_tells_apart_are_refused(tmp_path: Path) -> None:
    dataset = enhanced(2, PixelRepresentation=0)
    coded = [ENCODERS[RLELossless](noise())] * 2
    dataset.PixelData = encapsulate(coded, fragments_per_frame=2, has_bot=False)
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = RLELossless
    (spec,) = entry(dataset, tmp_path).volumes()
    with pytest.raises(DecodeError, match="4 fragments of pixels for 2 frames, and no table"):
        spec.load()


def test_an_extended_offset_table_does_not_stand_in_the_way(tmp_path: Path) -> None:
    dataset = enhanced(3, PixelRepresentation=0)
    coded = [ENCODERS[f"{JPEG}.80"](noise() + np.uint16(k)) for k in range(3)]
    dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = encapsulate_extended(coded)
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = UID(f"{JPEG}.80")
    (spec,) = entry(dataset, tmp_path).volumes()
    assert np.array_equal(spec.load().array[2], noise() + np.uint16(2))


def test_a_missing_frame_is_refused_like_a_missing_slice(tmp_path: Path) -> None:
    (spec,) = entry(enhanced(4, positions=[(0, 0, z) for z in (0, 3, 9, 12)]), tmp_path).volumes()
    with pytest.raises(MissingSlicesError, match=r"gap of 6\.0 mm after slice 2"):
        spec.load()


def test_fewer_pixels_than_frames_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    dataset = enhanced(4)
    dataset.PixelData = dataset.PixelData[:-20]
    (spec,) = entry(dataset, tmp_path).volumes()
    with pytest.raises(TruncatedError, match="expected 504 bytes, found 484"):
        spec.load()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"NumberOfFrames": 5}, "multi-frame image of 5 frames, found functional groups of 4"),
        ({"PerFrameFunctionalGroupsSequence": []}, "found functional groups of 0"),
        (
            {"SharedFunctionalGroupsSequence": []},
            "frame 1: no place in the patient: PixelSpacing has 0 numbers, expected 2",
        ),
    ],
)
def test_frames_without_a_place_are_listed_with_the_reason(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    found = entry(enhanced(4, **change), tmp_path)
    assert found.volumes() == []
    assert reason in found.residue[0][1]

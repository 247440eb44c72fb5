from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import UID

from sarcoma_review.dicom.projection import Projection, load_projection
from sarcoma_review.dicom.scan import scan
from sarcoma_review.dicom.stack import stack
from sarcoma_review.dicom.study import Study
from sarcoma_review.errors import DicomError, GeometryError
from tests.dicom.series import image, save

DX = UID("1.2.840.10008.5.1.4.1.1.1.1")


def film(folder: Path, **changes: Any) -> Projection:
    dataset = image((0, 0, 0), 0, Modality="DX", SOPClassUID=DX, **changes)
    dataset.file_meta.MediaStorageSOPClassUID = DX
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient"):
        delattr(dataset, keyword)
    (entry,) = scan(save([dataset], folder)).series.values()
    stacking = stack(entry.instances)
    assert stacking.volumes == ()
    assert stacking.residue == ()
    return load_projection(stacking.projections[0])


@pytest.mark.parametrize(
    ("changes", "pitch", "source", "calibrated"),
    [
        ({"PixelSpacingCalibrationType": "FIDUCIAL"}, (0.7, 0.8), "PixelSpacing", True),
        ({"PixelSpacingCalibrationType": "GEOMETRY"}, (0.7, 0.8), "PixelSpacing", True),
        ({"ImagerPixelSpacing": [0.9, 1.0]}, (0.9, 1.0), "ImagerPixelSpacing", False),
        (
            {"ImagerPixelSpacing": [0.9, 1.2], "EstimatedRadiographicMagnificationFactor": 1.2},
            (0.75, 1.0),
            "magnification",
            False,
        ),
        ({}, (0.7, 0.8), "PixelSpacing", False),
        ({"PixelSpacing": None}, None, "none", False),
        ({"PixelSpacing": [0, 1]}, None, "none", False),
    ],
)
def test_the_pitch_names_its_source_and_whether_it_is_calibrated(
    changes: dict[str, Any], pitch: tuple[float, float] | None, source: str, calibrated: bool, tmp_path: Path
) -> None:
    found = film(tmp_path, **changes)
    assert found.pixel_pitch_mm == (None if pitch is None else pytest.approx(pitch))
    assert (found.pitch_source, found.calibrated) == (source, calibrated)


def test_only_a_calibrated_film_is_measured(tmp_path: Path) -> None:
    known = film(tmp_path / "known", PixelSpacingCalibrationType="FIDUCIAL")
    assert known.distance_mm((0, 0), (3, 4)) == pytest.approx(np.hypot(2.1, 3.2))
    with pytest.raises(GeometryError, match=r"not calibrated \(source: ImagerPixelSpacing\)"):
        film(tmp_path / "unknown", ImagerPixelSpacing=[0.1, 0.1]).distance_mm((0, 0), (3, 4))


def test_an_inverted_film_says_so_and_keeps_its_values(tmp_path: Path) -> None:
    found = film(tmp_path, PhotometricInterpretation="MONOCHROME1")
    assert found.inverted
    assert found.array[1, 2] == 11


def test_a_study_gives_its_films_beside_its_volumes(tmp_path: Path) -> None:
    film(tmp_path / "study" / "film")
    save([image((0, 0, 3 * k), k, SeriesInstanceUID="2.25.7") for k in range(3)], tmp_path / "study")
    study = Study(scan(tmp_path / "study"), "checked")
    assert [volume.shape[0] for volume in study.volumes] == [3]
    assert [(each.modality, each.clearance) for each in study.projections] == [("DX", "checked")]
    assert "plain film: pixel pitch of unknown calibration" in study.issues


def test_a_film_of_several_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match=r"one frame of rows and columns, found 2 frame\(s\)"):
        film(tmp_path, NumberOfFrames=2, PixelData=bytes(252))


@pytest.mark.real_data
def test_real_films_are_read_and_not_measured(shared: Path) -> None:
    found = [
        load_projection(instance)
        for entry in scan(shared / "dicom" / "cr_plainfilm_wg04").series.values()
        for instance in stack(entry.instances).projections
    ]
    assert sorted(each.array.shape for each in found) == [(1760, 1760), (1760, 1760), (2140, 1760)]
    assert sorted(each.inverted for each in found) == [False, True, True]
    assert not any(each.calibrated for each in found)
    assert all(each.array.std() > 50 for each in found)

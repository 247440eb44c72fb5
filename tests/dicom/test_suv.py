from typing import Any

import pytest
from pydicom import Dataset

from sarcoma_review.dicom.suv import suv_scale


def header(**changes: Any) -> Dataset:
    drug = Dataset()
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 400e6, 6586.2
    drug.RadiopharmaceuticalStartTime = "080000"
    dataset = Dataset()
    dataset.Units, dataset.DecayCorrection, dataset.CorrectedImage = "BQML", "START", ["ATTN", "DECY"]
    dataset.PatientWeight, dataset.SeriesDate, dataset.SeriesTime = 80, "20240514", "090000.5"
    dataset.RadiopharmaceuticalInformationSequence = [drug]
    for keyword, value in changes.items():
        target = drug if keyword.startswith("Radio") and not keyword.endswith("Sequence") else dataset
        setattr(target, keyword, value)
    return dataset


def test_activity_is_divided_by_the_decayed_dose_for_each_gram() -> None:
    found = suv_scale(header(), ["090100"])
    assert found.units == "SUVbw"
    assert found.factor == pytest.approx(80_000 / (400e6 * 0.5 ** (3600.5 / 6586.2)), rel=1e-12)
    assert found.remark == "SUV by body weight, dose decayed 60.0 minutes to the start of the series"


def test_after_one_half_life_half_the_dose_is_left() -> None:
    found = suv_scale(header(RadionuclideHalfLife=3600.5), [])
    assert found.factor == pytest.approx(2 * 80_000 / 400e6)


def test_a_series_made_anew_later_is_decayed_to_the_first_acquisition() -> None:
    found = suv_scale(header(SeriesTime="150000"), ["091500", "090000.5", "093000"])
    assert found.factor == pytest.approx(suv_scale(header(), []).factor)
    assert found.remark.endswith("to the first acquisition")


def test_images_corrected_to_the_injection_need_no_decay() -> None:
    assert suv_scale(header(DecayCorrection="ADMIN"), []).factor == pytest.approx(80_000 / 400e6)


def test_an_injection_before_midnight_is_the_day_before() -> None:
    found = suv_scale(header(RadiopharmaceuticalStartTime="233000", SeriesTime="003000"), [])
    assert found.remark == "SUV by body weight, dose decayed 60.0 minutes to the start of the series"


def test_a_full_date_of_the_injection_is_taken_before_its_time_alone() -> None:
    found = suv_scale(header(RadiopharmaceuticalStartDateTime="20240514083000.00+0100"), [])
    assert "decayed 30.0 minutes" in found.remark


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Units": "CNTS"}, "not SUV: Units are CNTS, expected BQML"),
        ({"CorrectedImage": ["DECY"]}, "not SUV: CorrectedImage does not name ATTN and DECY"),
        ({"DecayCorrection": "NONE"}, "not SUV: DecayCorrection is neither START nor ADMIN"),
        ({"PatientWeight": None}, "not SUV: PatientWeight is absent or 0 kg"),
        ({"RadionuclideTotalDose": 400}, "not SUV: RadionuclideTotalDose is absent, or too little to be Bq"),
        ({"RadionuclideHalfLife": None}, "not SUV: RadionuclideHalfLife is absent"),
        ({"RadiopharmaceuticalStartTime": ""}, "not SUV: the time of the injection is absent"),
        ({"SeriesTime": "", "SeriesDate": ""}, "not SUV: the time of the scan is absent"),
        ({"RadiopharmaceuticalStartDateTime": "20240512080000"}, "not SUV: the scan is 2940 minutes after"),
        ({"RadiopharmaceuticalInformationSequence": [Dataset(), Dataset()]}, "not SUV: 2 injections are named"),
        ({"RadiopharmaceuticalInformationSequence": []}, "not SUV: RadionuclideTotalDose is absent"),
    ],
)
def test_what_is_wanting_leaves_the_values_and_is_told(changes: dict[str, Any], reason: str) -> None:
    found = suv_scale(header(**changes), [])
    assert found.factor == 1.0
    assert found.remark.startswith(reason)
    assert found.units in ("Bq/ml", "CNTS")


def test_values_stored_as_suv_are_taken_as_they_are() -> None:
    assert suv_scale(header(Units="GML"), [])[:2] == (1.0, "SUVbw")
    assert suv_scale(header(Units="GML", SUVType="LBM"), [])[:2] == (1.0, "SUVlbm")

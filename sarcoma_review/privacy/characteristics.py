"""What is kept about the patient, made coarse: sex, age in bands of 5 years, rounded size and weight."""

import re

OLDEST_YEARS = 90
BAND_YEARS = 5
SIZE_STEP_M = 0.05
WEIGHT_STEP_KG = 5

_AGE = re.compile(r"([0-9]{1,3})([DWMY])")


def sex(value: str) -> str:
    """Keep M, F or O."""
    return value if value in ("M", "F", "O") else ""


def age(value: str) -> str:
    """Give the lower end of the band of 5 years; above 89 all are 90.

    >>> age("017Y"), age("094Y"), age("030M"), age("unknown")
    ('015Y', '090Y', '000Y', '')
    """
    found = _AGE.fullmatch(value.strip())
    if not found:
        return ""
    per_year = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}[found[2]]
    years = int(int(found[1]) / per_year)
    return f"{min(years // BAND_YEARS * BAND_YEARS, OLDEST_YEARS):03d}Y"


def size(value: str) -> str:
    """Round a height in m to 0.05 m.

    >>> size("1.73"), size("tall")
    ('1.75', '')
    """
    return _rounded(value, SIZE_STEP_M)


def weight(value: str) -> str:
    """Round a weight in kg to 5 kg.

    >>> weight("62.4")
    '60'
    """
    return _rounded(value, WEIGHT_STEP_KG)


def _rounded(value: str, step: float) -> str:
    try:
        return f"{round(round(float(value) / step) * step, 2):g}"
    except (ValueError, OverflowError):
        return ""

"""Build `sarcoma_review/privacy/data/ps315_2026c.csv`: DICOM PS3.15 Table E.1-1, Basic Profile, edition 2026c.

The actions are facts read from the package dicom-anonymizer 2.1.0 (BSD-3-Clause, its module ``dicomfields_2026c``),
a development dependency; no prose of the standard is copied. Run it from the root of the repository::

    python docs/build_ps315.py
"""

import importlib
import inspect
import re
from pathlib import Path

EDITION = "2026c"
SOURCE = f"dicomanonymizer.dicom_anonymization_databases.dicomfields_{EDITION}"
TARGET = Path(__file__).parents[1] / "sarcoma_review" / "privacy" / "data" / f"ps315_{EDITION}.csv"

ACTIONS = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z",
    "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D",
    "X_Z_U_STAR_TAGS": "X/Z/U*",
}
HEADER = f"""\
# DICOM PS3.15 Table E.1-1, Basic Profile actions
# edition: {EDITION}
# built by docs/build_ps315.py from dicom-anonymizer 2.1.0 (BSD-3-Clause)
tag,name,action
"""


def pattern(numbers: tuple[int, ...]) -> str:
    """Write a tag as eight hexadecimal digits, with x where the mask of the source leaves a digit free."""
    group, element, *mask = numbers
    digits = f"{group:04x}{element:04x}"
    free = f"{mask[0]:04x}{mask[1]:04x}" if mask else "f" * 8
    return "".join("x" if bit == "0" else digit for digit, bit in zip(digits, free, strict=True))


def names(source: str) -> dict[str, str]:
    """Attribute names as the source notes them beside each tag."""
    rows = re.findall(r"^ *\(((?:0x\w+(?:, )?)+)\), *# *(.+)$", source, re.MULTILINE)
    return {pattern(tuple(int(n, 16) for n in tag.split(", "))): name.strip() for tag, name in rows}


def table() -> str:
    """Give the whole file as text."""
    module = importlib.import_module(SOURCE)
    name_of = names(inspect.getsource(module))
    rows = {pattern(tag): action for list_, action in ACTIONS.items() for tag in getattr(module, list_)}
    lines = [f'{tag},"{name_of.get(tag, "")}",{action}\n' for tag, action in sorted(rows.items())]
    return HEADER + "".join(lines) + 'ggggeeee,"Private Attributes (gggg is odd)",X\n'


if __name__ == "__main__":
    TARGET.write_text(table(), encoding="utf-8")

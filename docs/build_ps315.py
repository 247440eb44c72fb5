"""Build the tables of `sarcoma_review/privacy/data/` that come from DICOM itself.

- ``ps315_2026c.csv``: PS3.15 Table E.1-1. The actions are facts read from the package dicom-anonymizer 2.1.0
  (BSD-3-Clause, module ``dicomfields_2026c``), a development dependency.
- ``ps315_options.csv``: what the ten options of Annex E change: read for the rows of edition 2020, drawn from the VR
  for later dates and identifiers, and otherwise noted here by hand after edition 2024b; and
  ``needs_2020.csv`` and ``defined_terms_2020.txt``: which attributes may be absent or empty in which storage class,
  and the words of enumerated values and defined terms. All three are read from dicom-standard 0.1.0 (MIT), which is
  not installed: unpack its wheel and name the folder.

No prose of the standard is copied. Run it from the root of the repository::

    python docs/build_ps315.py [FOLDER OF THE UNPACKED dicom-standard WHEEL]
"""

import importlib
import inspect
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VR

from sarcoma_review.privacy.objects import KINDS

EDITION = "2026c"
SOURCE = f"dicomanonymizer.dicom_anonymization_databases.dicomfields_{EDITION}"
DATA = Path(__file__).parents[1] / "sarcoma_review" / "privacy" / "data"
TARGET = DATA / f"ps315_{EDITION}.csv"
OLDER = "built by docs/build_ps315.py from dicom-standard 0.1.0 (MIT), edition 2020"

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
OPTIONS = {
    "safe_private": "rtnSafePrivOpt",
    "uids": "rtnUIDsOpt",
    "device": "rtnDevIdOpt",
    "institution": "rtnInstIdOpt",
    "patient": "rtnPatCharsOpt",
    "full_dates": "rtnLongFullDatesOpt",
    "modified_dates": "rtnLongModifDatesOpt",
    "descriptors": "cleanDescOpt",
    "structured_content": "cleanStructContOpt",
    "graphics": "cleanGraphOpt",
}
# Cells that came after edition 2020 and that no rule gives, read by hand from edition 2024b.
LATER: dict[tuple[str, str], str] = {
    (
        "device",
        "C",
    ): "00080054 00080055 00081000 00321021 00400001 00400241 0072005e 00741234 00741236 21000070 21000140",
    (
        "device",
        "K",
    ): "0014407c 0014407e 00181200 00181201 00181202 00181203 00181204 00181205 00185011 0018700c 0018700e "
    "00203401 04000563 300c0127",
    ("descriptors", "C"): "00081088 001811bb 00189937 00200027 003a0329 003a032b 00400310 006a0005 006a0006 00720066 "
    "00720068 0072006c 0072006e 00720070 04000565 30020121 30020123 30060002 30060004 30060006 30060026 30060028 "
    "30060038 30060085 30060088 300a000b 300a0734 300a0742 300a0783 300a078e 300a0792 300a0794 300a079a",
    ("uids", "K"): "00081120 006a0003",
    ("patient", "K"): "0072005f",
    ("institution", "K"): "04000564",
    ("full_dates", "K"): "04000310",
    ("modified_dates", "C"): "04000310",
    ("safe_private", "C"): "ggggeeee",
}
DATES = ("DA", "TM", "DT")
TEXT = ("LO", "SH", "ST", "LT", "UT", "UC", "CS")


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


def actions() -> dict[str, str]:
    """The action of each tag."""
    module = importlib.import_module(SOURCE)
    rows = {pattern(tag): action for list_, action in ACTIONS.items() for tag in getattr(module, list_)}
    return dict(sorted(rows.items())) | {"ggggeeee": "X"}


def table() -> str:
    """Give the whole file of the table as text."""
    name_of = names(inspect.getsource(importlib.import_module(SOURCE)))
    name_of["ggggeeee"] = "Private Attributes (gggg is odd)"
    return HEADER + "".join(f'{tag},"{name_of.get(tag, "")}",{action}\n' for tag, action in actions().items())


def options(standard: Path) -> str:
    """Give the options of each row as text: one column for each option, K to keep and C to clean."""
    older = {row["id"]: row for row in _read(standard, "confidentiality_profile_attributes")}
    lines = [f"# DICOM PS3.15 Table E.1-1, options\n# {OLDER}; later rows after edition 2024b\n"]
    lines.append(",".join(["tag", *OPTIONS]) + "\n")
    for tag, action in actions().items():
        cells = [_cell(tag, action, option, older.get(tag, {})) for option in OPTIONS]
        lines += [",".join([tag, *cells]) + "\n"] if any(cells) else []
    return "".join(lines)


def _cell(tag: str, action: str, option: str, older: dict[str, str]) -> str:
    for letter in "KC":
        if tag in LATER.get((option, letter), "").split():
            return letter
    if not older and re.fullmatch("[0-9a-f]{8}", tag) and dictionary_has_tag(int(tag, 16)):
        vr = dictionary_VR(int(tag, 16))
        drawn = {"full_dates": "K" if vr in DATES else "", "modified_dates": "C" if vr in DATES else ""}
        drawn["uids"] = "K" if "U" in action else ""
        return drawn.get(option, "")
    return older.get(OPTIONS[option]) or ""


def needs(standard: Path) -> str:
    """Give, for each attribute that the rules may empty, where it is of Type 1 or 2: by sequence and class."""
    found: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    choices = actions()
    for sop_class, row in _attributes(standard):
        tag, parents = _hex(row["tag"]), row["path"].split(":")[1:-1]
        if row["type"] in ("1", "1C", "2", "2C") and _may_be_emptied(tag, choices):
            found[(parents[-1] if parents else "", tag, row["type"][0])].add(sop_class.rpartition("5.1.4.1.1.")[2])
    lines = (
        f"{parent},{tag},{kind},{' '.join(sorted(ends))}\n" for (parent, tag, kind), ends in sorted(found.items())
    )
    return f"# Attributes of Type 1 and 2\n# {OLDER}\nparent,tag,type,classes\n{''.join(lines)}"


def _attributes(standard: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    ciods = {ciod["name"]: ciod["id"] for ciod in _read(standard, "ciods")}
    modules, macros = (
        _grouped(standard, "module_to_attributes", "moduleId"),
        _grouped(standard, "macro_to_attributes", "macroId"),
    )
    of_modules = _grouped(standard, "ciod_to_modules", "ciodId")
    of_macros = _grouped(standard, "ciod_to_fg_macros", "ciodId")
    for sop in _read(standard, "sops"):
        if sop["id"] in KINDS:
            ciod = ciods[sop["ciod"]]
            for link in of_modules[ciod]:
                yield from ((sop["id"], row) for row in modules[link["moduleId"]])
            for link in of_macros[ciod]:
                yield from ((sop["id"], row) for row in macros[link["macroId"]])


def _grouped(standard: Path, name: str, key: str) -> defaultdict[str, list[dict[str, Any]]]:
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _read(standard, name):
        groups[row[key]].append(row)
    return groups


def _may_be_emptied(tag: str, choices: dict[str, str]) -> bool:
    if not re.fullmatch("[0-9a-f]{8}", tag) or not dictionary_has_tag(int(tag, 16)):
        return False
    vr = dictionary_VR(int(tag, 16))
    return vr in DATES or "/" in choices.get(tag, "") or (vr in TEXT and choices.get(tag, "") in ("", "D"))


def defined_terms(standard: Path) -> str:
    """Give the words of four letters and more that enumerated values and defined terms are made of."""
    prose = [str(row.get("description")) for row in _read(standard, "module_to_attributes")]
    prose += [str(row.get("description")) for row in _read(standard, "macro_to_attributes")]
    prose += [str(text) for text in _read(standard, "references").values()]
    terms = {re.sub("<[^>]+>", "", term).strip() for text in prose for term in re.findall("(?s)<dt>(.*?)</dt>", text)}
    words = {
        word for term in terms if re.fullmatch("[A-Z0-9_ ]{1,16}", term) for word in re.findall("[A-Z]{4,}", term)
    }
    return f"# Words of enumerated values and defined terms\n# {OLDER}\n" + "".join(f"{w}\n" for w in sorted(words))


def _hex(tag: str) -> str:
    return re.sub("[(),]", "", tag).lower()


def _read(standard: Path, name: str) -> Any:
    return json.loads(next(standard.rglob(f"{name}.json")).read_text("utf-8"))


def main() -> None:
    """Write the files."""
    TARGET.write_text(table(), encoding="utf-8")
    if len(sys.argv) > 1:
        standard = Path(sys.argv[1])
        for name, build in (
            ("ps315_options.csv", options),
            ("needs_2020.csv", needs),
            ("defined_terms_2020.txt", defined_terms),
        ):
            (DATA / name).write_text(build(standard), encoding="utf-8")


if __name__ == "__main__":
    main()

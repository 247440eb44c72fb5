"""The privacy panel: what keeps a study out, in masked words, and the contact sheet of its pictures to be signed."""

import io
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import anywidget
from PIL import Image

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy import PrivacyReport
from sarcoma_review.privacy.contact_sheet import ContactSheet, Picture
from sarcoma_review.privacy.objects import UNREAD
from sarcoma_review.privacy.report import Fault
from sarcoma_review.privacy.signature import Role, Signature

STATIC = Path(__file__).parent / "static"
Signed = Callable[[Signature], object]

_OUTCOMES = MappingProxyType(
    {
        "open": "Nothing found that could name a patient",
        "clean_first": "De-identify first: the gate stays shut",
        "refuse": "Refused: this version withholds some of these files",
    }
)
_REMEDIES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("private", "group", "unknown", "wrong VR", "remove"), "is removed")
    | dict.fromkeys(("empty", "person"), "is emptied")
    | dict.fromkeys(("date", "time", "datetime"), "is shifted by one secret span for the whole patient")
    | dict.fromkeys(("text", "label", "technical", "code meaning"), "keeps the words of the vocabulary alone")
    | dict.fromkeys(("age", "size", "weight"), "is made coarse")
    | {
        "uid": "is replaced, everywhere alike",
        "pseudonym": "is replaced by a pseudonym",
        "dummy": "is replaced by a neutral value",
        UNREAD: "is released after slices of its series were read for text",
    }
)
_SHOWN = 200


class PrivacyPanel(anywidget.AnyWidget):
    """The faults of a privacy report by rule or by file, and the pictures that a person has to look at.

    A value is shown by its kind and length alone. Of pictures only what would be released is shown, with what is
    blanked in orange. The sheet can be signed when every picture on it was ticked as looked at.

    Parameters
    ----------
    report : PrivacyReport
        As `sarcoma_review.check` gives it.
    sheet : ContactSheet, optional
        Pictures of kinds that habitually carry text. They travel to a page that asks for them, and are never stored
        in the notebook.
    on : date, optional
        The day of the signature; needed with a sheet.

    Raises
    ------
    PrivacyError
        If there is a sheet and no day to sign it on.

    Examples
    --------
    >>> report = PrivacyReport("clean_first", (Fault("file 1", "(0010,0010)", "PatientName", "pseudonym", "PN"),), 1)
    >>> PrivacyPanel(report)
    <PrivacyPanel clean_first, 1 fault; no contact sheet>
    """

    _esm = STATIC / "privacypanel.js"
    _css = STATIC / "privacypanel.css"

    def __init__(self, report: PrivacyReport, *, sheet: ContactSheet | None = None, on: date | None = None) -> None:
        if sheet is not None and on is None:
            raise PrivacyError("a contact sheet is signed on a day: expected on=date(...)")
        self._report, self._sheet, self._on = report, sheet, on
        self._looked_at: set[str] = set()
        self._signature: Signature | None = None
        self._signed: list[Signed] = []
        self._guard = threading.RLock()
        super().__init__()
        self.on_msg(self._answer)

    @property
    def sheet(self) -> ContactSheet | None:
        """The contact sheet, as it was changed on a page."""
        return self._sheet

    @property
    def signature(self) -> Signature | None:
        """The signature under the sheet as it stands, or None."""
        return self._signature

    def on_sign(self, callback: Signed) -> None:
        """Call a function with the signature, when somebody signs."""
        self._signed.append(callback)

    def sign(self, by_role: str) -> Signature:
        """Sign the sheet, as the button does.

        Raises
        ------
        PrivacyError
            If there is no sheet, a picture was not ticked as looked at, or the role is not one that may sign.
        """
        if self._sheet is None or self._on is None:
            raise PrivacyError("nothing to sign: the panel has no contact sheet")
        left = sum(picture.sha256 not in self._looked_at for picture in self._sheet.pictures)
        if left:
            raise PrivacyError(f"{left} of {len(self._sheet.pictures)} pictures were not ticked as looked at")
        self._signature = self._sheet.sign(by_role, self._on)
        for callback in self._signed:
            callback(self._signature)
        self._tell()
        return self._signature

    def look_at(self, number: int, *, looked: bool = True) -> None:
        """Tick a picture of the sheet as looked at, or take the tick away, which voids a signature."""
        if self._sheet is None:
            raise PrivacyError("no picture to look at: the panel has no contact sheet")
        sha256 = self._sheet.pictures[number].sha256
        if looked:
            self._looked_at.add(sha256)
        else:
            self._looked_at.discard(sha256)
            self._signature = None
        self._tell()

    def change(self, sheet: ContactSheet, number: int) -> None:
        """Take up a sheet on which the picture of this number was changed: its tick and the signature are void."""
        if self._sheet is not None:
            self._looked_at.discard(self._sheet.pictures[number].sha256)
        self._sheet, self._signature = sheet, None
        self._tell()

    def __repr__(self) -> str:
        faults = len(self._report.faults)
        head = f"<PrivacyPanel {self._report.outcome}, {faults} fault{'s' if faults != 1 else ''}; "
        return f"{head}{self._sheet_words()}>"

    def _sheet_words(self) -> str:
        if self._sheet is None:
            return "no contact sheet"
        pictures = len(self._sheet.pictures)
        return f"{pictures} picture{'s' if pictures != 1 else ''}, {'signed' if self._signature else 'not signed'}"

    def _answer(self, _widget: object, asked: dict[str, Any], _buffers: object) -> None:
        with self._guard:
            match asked:
                case {"t": "hello", "page": str(page)}:
                    self._tell(page)
                case {"t": "picture", "page": str(page), "n": int(n)} if self._has(n):
                    self.send({"t": "picture", "to": page, "n": n}, [_png(self._pictures[n])])
                case {"t": "sign", "role": str(role)}:
                    self._try(lambda: self.sign(role))
                case {"t": "look", "n": int(n), "looked": bool(looked)} if self._has(n):
                    self.look_at(n, looked=looked)
                case {"t": "leave out", "n": int(n)} if self._has(n):
                    self._change(n, lambda sheet: sheet.without(n))
                case {"t": "keep", "n": int(n), "line": int(line)} if self._has_line(n, line):
                    self._change(n, lambda sheet: sheet.keeping(n, line))
                case {"t": "blank", "n": int(n), "box": [int(top), int(left), int(bottom), int(right)]} if self._has(
                    n
                ):
                    self._try(lambda: self._change(n, lambda sheet: sheet.with_box(n, (top, left, bottom, right))))

    @property
    def _pictures(self) -> tuple[Picture, ...]:
        return self._sheet.pictures if self._sheet else ()

    def _has(self, number: int) -> bool:
        return 0 <= number < len(self._pictures)

    def _has_line(self, number: int, line: int) -> bool:
        return self._has(number) and 0 <= line < len(self._pictures[number].blanking.lines)

    def _change(self, number: int, changed: Callable[[ContactSheet], ContactSheet]) -> None:
        if self._sheet is not None:
            self.change(changed(self._sheet), number)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except PrivacyError as problem:
            self._tell(problem=str(problem))

    def _tell(self, page: str = "", problem: str = "") -> None:
        self.send({"t": "privacy", "to": page, "problem": problem, **self._words()})

    def _words(self) -> dict[str, Any]:
        return {
            "outcome": self._report.outcome,
            "heading": _OUTCOMES[self._report.outcome],
            "files": self._report.files_checked,
            "groups": {"rule": _grouped(self._report.faults, "rule"), "file": _grouped(self._report.faults, "file")},
            "skipped": _counted(self._report.skipped),
            "sheet": self._sheet and self._sheet_of(self._sheet),
        }

    def _sheet_of(self, sheet: ContactSheet) -> dict[str, Any]:
        return {
            "pictures": [self._picture(picture) for picture in sheet.pictures],
            "unseen": _counted(sheet.unseen),
            "roles": get_args(Role),
            "signed": self._signature and {"role": self._signature.by_role, "on": self._signature.on.isoformat()},
        }

    def _picture(self, picture: Picture) -> dict[str, Any]:
        lines = [{"box": line.box, "marker": line.is_marker} for line in picture.blanking.lines]
        return {
            **{"file": picture.file, "kind": picture.kind, "shape": picture.plain.shape, "lines": lines},
            "regions": len(picture.blanking.regions),
            "looked": picture.sha256 in self._looked_at,
        }


def _grouped(faults: tuple[Fault, ...], by: str) -> list[dict[str, Any]]:
    """The faults by rule or by file, the first two hundred of each group in words."""
    groups: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        groups[fault.rule if by == "rule" else fault.file].append(fault)
    return [
        {"title": title, "count": len(group), "lines": [_line(fault, by) for fault in group[:_SHOWN]]}
        for title, group in groups.items()
    ]


def _line(fault: Fault, by: str) -> dict[str, str]:
    return {
        "first": fault.file if by == "rule" else fault.rule,
        "element": f"{fault.path} {fault.keyword}".strip() or "the file as a whole",
        "value": fault.value,
        "remedy": _remedy(fault),
    }


def _remedy(fault: Fault) -> str:
    if fault.refuses:
        return "the file is withheld"
    if fault.file == "the receipt":
        return "writes the receipt anew"
    return _REMEDIES.get(fault.rule, "is put right")


def _counted(files: tuple[tuple[str, str], ...]) -> list[str]:
    reasons: dict[str, int] = defaultdict(int)
    for _, reason in files:
        reasons[reason] += 1
    return [f"{count} × {reason}" for reason, count in reasons.items()]


def _png(picture: Picture) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture.image).save(out, "PNG")
    return out.getvalue()

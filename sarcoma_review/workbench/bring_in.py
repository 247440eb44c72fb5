"""Bring in and clean: from a folder of DICOM files, or a case begun before, to an open study."""

import shutil
import tempfile
from pathlib import Path

import ipywidgets as ipw

from sarcoma_review.dicom import open_study, scan
from sarcoma_review.errors import NotDeidentifiedError, NotDicomError
from sarcoma_review.privacy import check, deidentify
from sarcoma_review.privacy.contact_sheet import ContactSheet
from sarcoma_review.widgets import PrivacyPanel
from sarcoma_review.workbench.case_folder import case_key
from sarcoma_review.workbench.desk import SCANS, Desk
from sarcoma_review.workbench.page import Page, beside, control, row

_SAMPLES = "sample_dicom"
_HINT = (
    "Choose a case begun before or a sample patient, or name a folder of DICOM files. Files that could name a "
    "patient are never shown: they are cleaned into a copy first, and stay as they are. Next: Browse."
)


class BringIn(Page):
    """Choose a case or a folder; what is not clean is shown by its faults, and cleaned into a copy."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Bring in", _HINT)
        self._desk = desk
        self._panel: PrivacyPanel | None = None
        self._known = control(ipw.Dropdown, "A case or sample", options=[("", ""), *_offered(desk.home)])
        self.place = control(ipw.Text, "A folder of DICOM files", placeholder="such as D:/export/study1")
        self._key = control(ipw.Text, "File of the secret key", value=str(_key_file()))
        self._bar = ipw.IntProgress(description="Files", layout=ipw.Layout(width="420px", display="none"))
        self._cleaning = ipw.VBox()
        known = self.button("Open this case", lambda: self.bring(self._known.value))
        begun = self.button("Look through the folder", lambda: self.bring(self.place.value), main=True)
        self.body.children = [beside(self._known, known), beside(self.place, begun), self._bar, self._cleaning]

    def bring(self, place: str) -> None:
        """Open a study, or show what keeps it out.

        Raises
        ------
        NotDicomError
            If nothing was named, or there is nothing DICOM.
        """
        if not place.strip():
            raise NotDicomError("no folder is named: choose a case, or write where the DICOM files lie")
        path = Path(place.strip()).expanduser()
        self._cleaning.children = ()
        try:
            self._desk.open(open_study(path, progress=self._progress))
        except NotDeidentifiedError:
            if not path.is_dir():
                raise
            self._show_faults(path)
        finally:
            self._bar.layout.display = "none"

    def _show_faults(self, path: Path, sheet: ContactSheet | None = None) -> None:
        self._panel = PrivacyPanel(check(path), sheet=sheet, on=self._desk.on)
        words = (
            "The key leads pseudonyms back to patients: it stays with you, apart from the images. The same key gives "
            "the same patient the same pseudonym."
        )
        clean = self.button("Clean a copy and open it", lambda: self._clean(path), main=True)
        look = self.button("Look at pictures that may carry text", lambda: self._look(path))
        self._cleaning.children = [self._panel, self._key, ipw.HTML(f"<small>{words}</small>"), row(clean, look)]

    def _look(self, path: Path) -> None:
        try:
            self._show_faults(path, ContactSheet.of(path, progress=self._progress))
        finally:
            self._bar.layout.display = "none"

    def _clean(self, path: Path) -> None:
        home = self._desk.home
        home.mkdir(parents=True, exist_ok=True)
        key_file = Path(self._key.value).expanduser()
        key_file.parent.mkdir(parents=True, exist_ok=True)
        signature = self._panel.signature if self._panel else None
        with tempfile.TemporaryDirectory(prefix="incoming-", dir=home) as scratch:
            copy = Path(scratch, SCANS)
            try:
                done = deidentify(
                    path, copy, key_file=key_file, signature=signature, on=self._desk.on, progress=self._progress
                )
            finally:
                self._bar.layout.display = "none"
            kept = home / f"case-{case_key(scan(copy).series)}" / SCANS
            if not kept.exists():  # the same images, cleaned with the same key, are here already
                kept.parent.mkdir(exist_ok=True)
                shutil.move(copy, kept)
        self._cleaning.children = ()
        self._desk.open(open_study(kept))
        left = f"; {len(done.withheld)} stayed behind" if done.withheld else ""
        self.say(
            f"{len(done.written)} files were cleaned into a copy{left}. The originals are as they were.", done=True
        )

    def _progress(self, done: int, total: int) -> None:
        self._bar.layout.display = ""
        self._bar.max, self._bar.value = total, done


def _key_file() -> Path:
    """Where the secret lies unless somebody chooses another place: with the user, and with no case."""
    return Path.home() / ".sarcoma_review" / "pseudonyms.key"


def _offered(home: Path) -> list[tuple[str, str]]:
    """Cases whose images lie in the folder of cases, the last worked on first, and the sample patients."""
    begun = sorted(home.glob(f"case-*/{SCANS}"), key=lambda scans: -scans.parent.stat().st_mtime)
    cases = [(scans.parent.name, str(scans)) for scans in begun]
    places = (Path.cwd() / _SAMPLES, Path.cwd().parent / _SAMPLES)
    samples = next((sorted(place.glob(f"*/{SCANS}")) for place in places if place.is_dir()), [])
    return cases + [(f"sample: {scans.parent.name.replace('_', ' ')}", str(scans.parent)) for scans in samples]

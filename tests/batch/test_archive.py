"""Studies of an archive that is slow, busy or broken: few at a time, and none given up for ever."""

import re
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from pydicom import Dataset

from sarcoma_review import batch
from sarcoma_review.batch import Options
from sarcoma_review.dicom.multipart import joined
from sarcoma_review.dicom.web import Archive
from tests.batch.many import SLICES, study
from tests.dicom.series import save
from tests.servers.test_web import answering, send


def files(seed: int, folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(save(study(seed), folder / str(seed)).iterdir())]


class Counting:
    """An archive of our own that notes how many requests come at a time."""

    def __init__(self, count: int, folder: Path) -> None:
        self.count, self.folder = count, folder
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.spoilt: set[int] = set()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)  # long enough for another to come, if it may
        status, kind, body = self.answer(handler.path)
        with self.lock:
            self.now -= 1  # before the last byte, upon which the next may come
        send(handler, status, kind, body)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        found = re.search(r"studies/1\.2\.3\.(\d+)", path)
        place, _, query = path.partition("?")
        if found and not place.endswith("/series"):
            body = joined(files(int(found[1]), self.folder), b"edge")
            kind = 'multipart/related; type="application/dicom"; boundary=edge'
            return 500 if int(found[1]) in self.spoilt else 200, kind, body
        listing = [f"1.2.3.{seed}" for seed in range(self.count)] if found is None else [f"1.2.4.{found[1]}"]
        items = ",".join(self.item(uid, found is None) for uid in listing) if "offset=0" in query else ""
        return 200, "application/dicom+json", f"[{items}]".encode()

    def item(self, uid: str, is_study: bool) -> str:
        item = Dataset()
        if is_study:
            item.StudyInstanceUID, item.NumberOfStudyRelatedInstances = uid, str(SLICES)
        else:
            item.SeriesInstanceUID, item.Modality, item.NumberOfSeriesRelatedInstances = uid, "CT", str(SLICES)
        return item.to_json()


def test_no_more_requests_come_at_a_time_than_allowed(tmp_path: Path) -> None:
    counting = Counting(12, tmp_path)
    with answering(counting) as url:
        made = batch.run("scan", f"dicomweb+{url}", options=Options(requests=1), workers=3)
    assert (made.done, counting.most) == (12, 1)


def test_a_study_that_the_archive_spoils_is_a_row_that_is_tried_again(tmp_path: Path) -> None:
    counting = Counting(3, tmp_path)
    with answering(counting) as url:
        counting.spoilt = {1}
        first = batch.run("scan", Archive(url, patience_s=0), out=tmp_path / "found.csv", workers=1)
        errors = [(row.error, row.reason) for row in first.rows() if row.outcome == "failed"]
        counting.spoilt = set()
        again = batch.run("scan", Archive(url, patience_s=0), out=tmp_path / "found.csv", workers=1)
    assert errors == [("ArchiveError", "the archive answered 500 (Internal Server Error), for …1.2.4.1")]
    assert (again.done, again.known) == (3, 2)

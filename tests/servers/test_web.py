import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from pydicom import Dataset, dcmread

import sarcoma_review as sr
from sarcoma_review.dicom.multipart import bodies, boundary_of, joined
from sarcoma_review.dicom.web import Archive
from sarcoma_review.errors import ArchiveError, NotDeidentifiedError

SAMPLE = Path(__file__).resolve().parents[2] / "sample_dicom" / "distal_femur_osteosarcoma_postoperative"


def dicom_files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.read_bytes()[128:132] == b"DICM"]


@pytest.fixture(scope="module")
def stored(orthanc: str) -> tuple[Archive, str]:
    """An archive that holds the sample's post-operative study, and the UID of that study."""
    archive, datasets = Archive(orthanc), [dcmread(path) for path in dicom_files(SAMPLE)]
    archive.store(datasets)
    return archive, str(datasets[0].StudyInstanceUID)


@pytest.mark.servers
def test_what_was_stored_is_listed(stored: tuple[Archive, str]) -> None:
    archive, uid = stored
    (found,) = archive.studies({"StudyInstanceUID": uid})
    series = archive.series(uid)
    assert (found.uid, found.images) == (uid, len(dicom_files(SAMPLE)))
    assert sum(each.images or 0 for each in series) == found.images
    assert archive.studies({"PatientID": "nobody of this name"}) == []


@pytest.mark.servers
def test_a_study_of_an_archive_opens_as_its_folder_does(stored: tuple[Archive, str]) -> None:
    archive, uid = stored
    calls: list[tuple[int, int]] = []
    there = sr.open_study(f"dicomweb+{archive.url}/studies/{uid}", progress=lambda *call: calls.append(call))
    here = sr.open_study(SAMPLE)
    assert len(there.volumes) == len(here.volumes) > 0
    for one, other in zip(there.volumes, here.volumes, strict=True):
        np.testing.assert_array_equal(one.array, other.array)
        np.testing.assert_array_equal(one.affine, other.affine)
    assert calls[-1][0] == calls[-1][1]


@pytest.mark.servers
def test_images_come_in_the_coding_that_the_archive_keeps(stored: tuple[Archive, str]) -> None:
    archive, uid = stored
    sent = {dcmread(path).file_meta.TransferSyntaxUID for path in dicom_files(SAMPLE)}
    here = archive.fetch(uid)
    assert {dcmread(path).file_meta.TransferSyntaxUID for path in dicom_files(here.folder)} == sent
    folder = here.folder
    assert folder.stat().st_mode & 0o077 == 0
    del here
    assert not folder.exists()


@pytest.mark.servers
def test_a_study_that_the_archive_does_not_hold_is_an_error_without_its_address(orthanc: str) -> None:
    with pytest.raises(ArchiveError, match=r"^the archive holds no study …\.3\.4\.5\.6$") as caught:
        Archive(orthanc).fetch("1.2.3.4.5.6")
    assert "127.0.0.1" not in str(caught.value)


def test_what_is_not_de_identified_is_not_sent() -> None:
    named = dcmread(dicom_files(SAMPLE)[0])
    named.PatientName = "Testname^Invented"
    with pytest.raises(NotDeidentifiedError, match="not de-identified"):
        Archive("http://127.0.0.1:9").store([named])


@contextlib.contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A service that misbehaves as told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes, *, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def series_list(count: int, uid: str = "1.2.3.4") -> bytes:
    listed = Dataset()
    listed.SeriesInstanceUID, listed.Modality, listed.NumberOfSeriesRelatedInstances = uid, "CT", str(count)
    listed.StudyInstanceUID = uid
    return f"[{listed.to_json()}]".encode()


PARTS = 'multipart/related; type="application/dicom"; boundary=edge'
FILE = bytes(128) + b"DICM"


@pytest.mark.parametrize(
    ("listed", "status", "kind", "body", "length", "message"),
    [
        (2, 200, PARTS, joined([FILE], b"edge"), None, r"sent 1 image\(s\), for …1\.2\.3\.4, expected 2"),
        (1, 200, PARTS, joined([FILE, FILE], b"edge"), None, r"sent 2 image\(s\), for …1\.2\.3\.4, expected 1"),
        (1, 200, PARTS, joined([FILE], b"edge")[:-12], None, "broke off: its last part has no end"),
        (1, 200, PARTS, joined([FILE], b"edge")[:60], 4000, r"broke off \(RemoteProtocolError\)"),
        (1, 200, PARTS, joined([b"<html>"], b"edge"), None, "a part of the archive's answer is not DICOM"),
        (1, 200, "text/html", b"<html>", None, "expected multipart/related with a boundary"),
        (1, 503, "text/plain", b"busy", None, r"answered 503 \(Service Unavailable\), for …1\.2\.3\.4"),
        (1, 302, "text/plain", b"elsewhere", None, r"answered 302 \(Found\)"),
    ],
)
def test_an_archive_that_sends_other_than_it_lists_is_refused(
    listed: int, status: int, kind: str, body: bytes, length: int | None, message: str
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.partition("?")[0].endswith("/series"):
            send(handler, 200, "application/dicom+json", series_list(listed))
        else:
            send(handler, status, kind, body, length=length)
            handler.close_connection = True

    with answering(answer) as url, pytest.raises(ArchiveError, match=message):
        Archive(url, patience_s=0).fetch("1.2.3")


def test_an_archive_that_falls_silent_is_given_up() -> None:
    with answering(lambda _: time.sleep(1.0)) as url, pytest.raises(ArchiveError, match="the archive fell silent"):
        Archive(url, timeout_s=0.2).series("1.2.3")


def test_a_list_that_is_no_dicom_json_is_refused() -> None:
    with (
        answering(lambda handler: send(handler, 200, "application/json", b'{"a": ')) as url,
        pytest.raises(ArchiveError, match="list cannot be read"),
    ):
        Archive(url).studies()


def test_an_archive_that_repeats_its_first_page_ends_the_list() -> None:
    page = b"[" + b",".join(series_list(1, f"1.2.{n}")[1:-1] for n in range(100)) + b"]"
    with (
        answering(lambda handler: send(handler, 200, "application/dicom+json", page)) as url,
        pytest.raises(ArchiveError, match="repeats the first page"),
    ):
        Archive(url).series("1.2.3")


@pytest.mark.parametrize("status", [429, 503])
def test_an_archive_that_is_busy_is_asked_again_and_not_before_it_says(status: int) -> None:
    asked: list[float] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            handler.send_response(status)
            handler.send_header("Retry-After", "1")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        else:
            send(handler, 200, "application/dicom+json", series_list(1) if len(asked) == 2 else b"[]")

    with answering(answer) as url:
        assert len(Archive(url).series("1.2.3")) == 1
    assert asked[1] - asked[0] >= 1.0
    assert len(asked) == 3


def test_an_archive_that_stays_busy_is_given_up_when_patience_ends() -> None:
    started = time.monotonic()
    with (
        answering(lambda handler: send(handler, 503, "text/plain", b"busy")) as url,
        pytest.raises(ArchiveError, match="answered 503"),
    ):
        Archive(url, patience_s=1.0).series("1.2.3")
    assert 0.4 < time.monotonic() - started < 1.5


def paging(uids: list[str], most: int, asked: list[str]) -> Callable[[BaseHTTPRequestHandler], None]:
    """A service that gives at most so many at once, whatever it is asked for."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        query = parse_qs(urlsplit(handler.path).query)
        start, count = int(query["offset"][0]), min(most, int(query["limit"][0]))
        page = b",".join(series_list(1, uid)[1:-1] for uid in uids[start : start + count])
        send(handler, 200, "application/dicom+json", b"[" + page + b"]")

    return answer


@pytest.mark.parametrize("most", [1, 7, 50, 100])
def test_a_list_goes_on_until_a_page_is_empty_however_short_the_pages_are(most: int) -> None:
    uids, asked = [f"1.2.{n}" for n in range(75)], list[str]()
    with answering(paging(uids, most, asked)) as url:
        assert [series.uid for series in Archive(url).series("1.2.3")] == uids
    assert len(asked) == -(-75 // most) + 1


def test_no_more_studies_are_asked_for_than_were_wanted() -> None:
    asked: list[str] = []
    with answering(paging([f"1.2.{n}" for n in range(75)], 50, asked)) as url:
        assert len(Archive(url).studies(limit=60)) == 60
    assert len(asked) == 2


def test_a_short_list_of_an_archive_that_knows_no_pages_is_taken_as_it_is() -> None:
    with answering(lambda handler: send(handler, 200, "application/dicom+json", series_list(1))) as url:
        assert [series.uid for series in Archive(url).series("1.2.3")] == ["1.2.3.4"]


@pytest.mark.parametrize(
    ("url", "headers", "message"),
    [
        ("http://archive.example/dicom-web", {"Authorization": "Bearer secret"}, "would travel unencrypted"),
        ("https://user:secret@archive.example", {}, "holds a password"),
        ("ftp://archive.example", {}, "begins with https:// or http://"),
        ("archive.example", {}, "begins with https:// or http://"),
    ],
)
def test_an_address_that_would_give_secrets_away_is_refused(url: str, headers: dict[str, str], message: str) -> None:
    with pytest.raises(ArchiveError, match=message) as caught:
        Archive(url, headers)
    assert "secret" not in str(caught.value)
    assert "archive.example" not in str(caught.value)


def test_secrets_do_not_show() -> None:
    assert "secret" not in repr(Archive("https://archive.example", {"Authorization": "Bearer secret"}))


@pytest.mark.parametrize("address", ["dicomweb+https://a.example/dicom-web", "dicomweb+https://a.example/studies/x"])
def test_an_address_without_a_study_is_refused(address: str) -> None:
    with pytest.raises(ArchiveError, match="expected "):
        sr.open_study(address)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_parts_are_found_wherever_the_answer_is_cut(size: int) -> None:
    rng = np.random.default_rng(size)
    files = [b"\r\n--edg" + rng.bytes(n) + b"\r\n-" for n in (0, 1, 50, 700)]
    body = joined(files, b"edge")
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    assert list(bodies(chunks, boundary_of(PARTS))) == files

"""A hospital's archive over DICOMweb: list what it holds (QIDO-RS), bring a study here (WADO-RS), add (STOW-RS).

Series are asked for whole and in whatever coding the archive keeps them: asking image by image, or for one coding,
costs ten times as much. Whatever is short, late or refused raises; nothing is left half-loaded.
"""

import hashlib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from pydicom import Dataset

from sarcoma_review.dicom.address import UID, is_this_machine, require_uid, service_address
from sarcoma_review.dicom.container import Progress, Unpacked
from sarcoma_review.dicom.multipart import bodies, boundary_of, joined, kept
from sarcoma_review.dicom.patience import Patient
from sarcoma_review.errors import ArchiveError
from sarcoma_review.privacy.gate import admit

_UIDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_PAGE = 100
_MOST_LISTED = 100_000
_PER_REQUEST = 20
_JSON = {"Accept": "application/dicom+json"}
_IMAGES = {
    "Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*',
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True)
class StudyFound:
    """A study as the archive lists it. Not gated: date and description may say who the patient is.

    Parameters
    ----------
    uid : str
    date : str
        YYYYMMDD as the archive gives it; empty where it gives none.
    modalities : tuple of str
    description : str
    images : int or None
        Images in all; None where the archive does not say.
    """

    uid: str
    date: str = field(repr=False)
    modalities: tuple[str, ...]
    description: str = field(repr=False)
    images: int | None


@dataclass(frozen=True)
class SeriesFound:
    """A series as the archive lists it. Not gated: its description may hold a name.

    Parameters
    ----------
    uid, modality, description : str
    images : int or None
        None where the archive does not say.
    """

    uid: str
    modality: str
    description: str = field(repr=False)
    images: int | None


@dataclass(frozen=True, eq=False)
class Archive:
    """A DICOMweb service.

    Parameters
    ----------
    url : str
        Where the service begins, such as ``https://archive.example/dicom-web``.
    headers : mapping of str to str
        Sent with each request, such as ``{"Authorization": "Bearer ..."}``; never shown. They are refused on
        an address without TLS that is not this machine.
    verify : bool or path-like
        Whether the service's certificate is checked, or the file of certificates to check it with.
    timeout_s : float
        The longest silence that is waited for.
    patience_s : float
        How long a request is sent again, ever later, to an archive that says it is busy (429, 503).

    Raises
    ------
    ArchiveError
        If the address is not one of a service, or holds a password.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    verify: bool | str | Path = True
    timeout_s: float = 60.0
    patience_s: float = 60.0

    def __post_init__(self) -> None:
        address = service_address(self.url)
        if self.headers and address.scheme == "http" and not is_this_machine(address.host):
            raise ArchiveError("headers would travel unencrypted: expected https where headers are given, found http")

    def studies(self, query: Mapping[str, str] | None = None, *, limit: int = _PAGE) -> list[StudyFound]:
        """List studies.

        Parameters
        ----------
        query : mapping of str to str, optional
            DICOM keywords and what they must match, such as ``{"PatientID": "C-17", "ModalitiesInStudy": "MR"}``.
        limit : int
            The most that are given.

        Raises
        ------
        ArchiveError
        """
        asked = {"includefield": "StudyDescription", **(query or {})}
        with self._client() as client:
            return [_study(item) for item in _pages(client, "studies", asked, limit)]

    def series(self, study_uid: str) -> list[SeriesFound]:
        """List the series of a study.

        Raises
        ------
        ArchiveError
            Also where the archive holds no such study.
        """
        with self._client() as client:
            return _series_of(client, study_uid)

    def fetch(self, study_uid: str, *, progress: Progress | None = None) -> Unpacked:
        """Bring a study to a temporary folder, which only its owner can read and which goes with the last reference.

        Parameters
        ----------
        study_uid : str
        progress : callable, optional
            Called with images here and images in all.

        Raises
        ------
        ArchiveError
            If the archive refuses, falls silent, or sends fewer or other images than it lists.
        """
        here, done = Unpacked(), 0
        with self._client() as client:
            listed = [(series, _count(client, study_uid, series)) for series in _series_of(client, study_uid)]
            total = sum(count for _, count in listed)
            for number, (series, count) in enumerate(listed, start=1):
                folder = here.folder / f"OT-{number}"  # names as our own writer gives them, which say nothing
                folder.mkdir()
                for _ in kept(_images(client, f"studies/{study_uid}/series/{series.uid}", count), folder):
                    done += 1
                    if progress:
                        progress(done, total)
        return here

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Add objects, twenty to a request, once the privacy gate has seen them.

        Parameters
        ----------
        datasets : sequence of pydicom.Dataset
            Such as the writers of this package give.

        Raises
        ------
        NotDeidentifiedError
            If the gate stays shut; nothing is sent.
        ArchiveError
            If the archive takes not all of them, with its reasons. What it took before is there.
        """
        files = _cleared(datasets)
        boundary = hashlib.sha256(b"".join(files)).hexdigest()[:32].encode()
        kind = f'multipart/related; type="application/dicom"; boundary={boundary.decode()}'
        with self._client() as client:
            for start in range(0, len(files), _PER_REQUEST):
                body = joined(files[start : start + _PER_REQUEST], boundary)
                with _asked(client, "POST", "studies", {**_JSON, "Content-Type": kind}, content=body) as answer:
                    answer.read()
                    _require_all_taken(answer)

    def _client(self) -> httpx.Client:
        certificates: bool | ssl.SSLContext = False  # without TLS there is none to check, and reading ours takes time
        if service_address(self.url).scheme == "https":
            certificates = self.verify if isinstance(self.verify, bool) else _certificates(self.verify)
        return httpx.Client(
            base_url=self.url.rstrip("/") + "/",
            headers=self.headers,
            transport=Patient(self.patience_s, verify=certificates, trust_env=False),
            timeout=self.timeout_s,
            trust_env=False,
        )


def _certificates(path: str | Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(path))
    except OSError:
        raise ArchiveError("the file of certificates cannot be read") from None


@contextmanager
def _asked(
    client: httpx.Client, method: str, path: str, headers: Mapping[str, str], **more: Any
) -> Iterator[httpx.Response]:
    """An answer whose body is still to be read; every way of going wrong is an `ArchiveError` without the address."""
    try:
        with client.stream(method, path, headers=headers, **more) as answer:
            if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES and answer.status_code != HTTPStatus.CONFLICT:
                raise ArchiveError(f"the archive answered {answer.status_code} {_phrase(answer)}{_of(path)}")
            yield answer
    except httpx.TimeoutException:
        raise ArchiveError(f"the archive fell silent{_of(path)}") from None
    except (httpx.HTTPError, httpx.StreamError) as problem:
        raise ArchiveError(
            f"the archive cannot be reached or broke off ({type(problem).__name__}){_of(path)}"
        ) from None


def _phrase(answer: httpx.Response) -> str:
    try:
        return f"({HTTPStatus(answer.status_code).phrase})"
    except ValueError:
        return ""


def _of(path: str) -> str:
    """Which object a request was about, by the end of its UID."""
    uid = path.rpartition("/")[2]
    return f", for …{uid[-8:]}" if UID.fullmatch(uid) else ""


def _listed(client: httpx.Client, path: str, query: Mapping[str, Any]) -> list[Dataset]:
    with _asked(client, "GET", path, _JSON, params=query) as answer:
        if answer.status_code == HTTPStatus.NO_CONTENT:
            return []
        answer.read()
    try:
        return [Dataset.from_json(item) for item in answer.json()]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ArchiveError("the archive's list cannot be read: it is not DICOM JSON") from None


def _pages(client: httpx.Client, path: str, query: Mapping[str, str], limit: int) -> list[Dataset]:
    """What the archive lists, page by page until nothing new comes: it may give fewer at once than are asked for."""
    found: dict[str, Dataset] = {}
    was_full = False
    while len(found) < limit:
        ask = min(_PAGE, limit - len(found))
        page = _listed(client, path, {**query, "limit": ask, "offset": len(found)})[:ask]
        new = {uid: item for item in page if (uid := _uid_of(item)) not in found}
        if not new:
            if page and was_full:
                raise ArchiveError("the archive repeats the first page of its list; ask for less")
            break  # also where a short list comes again: an archive that knows no pages gave all of it at once
        found |= new
        was_full = len(page) == ask
    return list(found.values())


def _uid_of(item: Dataset) -> str:
    """The UID of what a list names: an image's, else a series', else a study's."""
    uid = next((str(item[word].value) for word in _UIDS if word in item), "")
    require_uid(uid)
    return uid


def _series_of(client: httpx.Client, study_uid: str) -> list[SeriesFound]:
    require_uid(study_uid)
    query = {"includefield": "SeriesDescription"}
    found = [_series(item) for item in _pages(client, f"studies/{study_uid}/series", query, _MOST_LISTED)]
    if not found:
        raise ArchiveError(f"the archive holds no study …{study_uid[-8:]}")
    return found


def _count(client: httpx.Client, study_uid: str, series: SeriesFound) -> int:
    """How many images a series has, asked one by one where the list of series does not say."""
    if series.images is not None:
        return series.images
    return len(_pages(client, f"studies/{study_uid}/series/{series.uid}/instances", {}, _MOST_LISTED))


def _images(client: httpx.Client, path: str, expected: int) -> Iterator[bytes]:
    with _asked(client, "GET", path, _IMAGES) as answer:
        boundary, count = boundary_of(answer.headers.get("Content-Type", "")), 0
        for image in bodies(answer.iter_raw(), boundary):
            if image[128:132] != b"DICM":
                raise ArchiveError(f"a part of the archive's answer is not DICOM{_of(path)}")
            count += 1
            yield image
    if count != expected:
        raise ArchiveError(f"the archive sent {count} image(s){_of(path)}, expected {expected}")


def _cleared(datasets: Sequence[Dataset]) -> list[bytes]:
    """The objects as files, once the gate let them through."""
    here = Unpacked()
    for number, dataset in enumerate(datasets):
        dataset.save_as(here.folder / f"{number:04d}.dcm", enforce_file_format=True)
    admission = admit(here.folder)
    if admission.skipped:
        raise ArchiveError(f"{len(admission.skipped)} of {len(datasets)} objects are of a kind that is not sent on")
    return [path.read_bytes() for path in sorted(here.folder.iterdir())]


def _require_all_taken(answer: httpx.Response) -> None:
    try:
        told = Dataset.from_json(answer.json()) if answer.content else Dataset()
    except (ValueError, TypeError, KeyError, AttributeError):
        told = Dataset()
    failed = told.get("FailedSOPSequence", [])
    reasons = sorted({f"{int(item.get('FailureReason', 0) or 0):04X}" for item in failed})
    if failed or answer.status_code != HTTPStatus.OK:
        raise ArchiveError(
            f"the archive did not take {len(failed) or 'all'} object(s): status {answer.status_code}"
            + (f", reasons {', '.join(reasons)}" if reasons else "")
        )


def _study(item: Dataset) -> StudyFound:
    kinds = item.get("ModalitiesInStudy", None) or ()
    return StudyFound(
        uid=str(item.get("StudyInstanceUID", "")),
        date=str(item.get("StudyDate", "") or ""),
        modalities=(kinds,) if isinstance(kinds, str) else tuple(kinds),
        description=str(item.get("StudyDescription", "") or ""),
        images=_whole(item.get("NumberOfStudyRelatedInstances")),
    )


def _series(item: Dataset) -> SeriesFound:
    uid = str(item.get("SeriesInstanceUID", ""))
    require_uid(uid)
    return SeriesFound(
        uid=uid,
        modality=str(item.get("Modality", "") or ""),
        description=str(item.get("SeriesDescription", "") or ""),
        images=_whole(item.get("NumberOfSeriesRelatedInstances")),
    )


def _whole(value: Any) -> int | None:
    return None if value is None or value == "" else int(value)

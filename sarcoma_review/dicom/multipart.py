"""The parts of a DICOMweb answer, and the body of a request in parts."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from email.message import Message
from pathlib import Path

from sarcoma_review.errors import ArchiveError


def boundary_of(content_type: str) -> bytes:
    """The mark between the parts, from the Content-Type of an answer.

    Raises
    ------
    ArchiveError
        If the answer is not one of several parts.

    Examples
    --------
    >>> boundary_of('multipart/related; type="application/dicom"; boundary=ab-12')
    b'ab-12'
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_maintype() != "multipart" or not isinstance(boundary, str) or not boundary:
        raise ArchiveError("the archive's answer has no parts: expected multipart/related with a boundary")
    return boundary.encode("ascii", "replace")


def bodies(chunks: Iterable[bytes], boundary: bytes) -> Iterator[bytes]:
    r"""The body of each part, in order, as the answer comes in.

    Parameters
    ----------
    chunks : iterable of bytes
        The answer, cut anywhere.
    boundary : bytes

    Raises
    ------
    ArchiveError
        If the answer ends before the mark that closes it, or a part has no end to its head.

    Examples
    --------
    >>> list(bodies([b"--b\r\nA: 1\r\n\r\none\r\n-", b"-b\r\n\r\ntwo\r\n--b--"], b"b"))
    [b'one', b'two']
    """
    mark, data = b"\r\n--" + boundary, bytearray(b"\r\n")
    after, seen, begun = len(mark) + 2, 0, False
    for chunk in chunks:
        data += chunk
        while (at := data.find(mark, seen)) >= 0 and len(data) >= at + after:
            if begun:
                yield _body(data, at)
            if data[at + len(mark) : at + after] == b"--":
                return
            begun, seen = True, 0
            del data[: at + len(mark)]
        seen = max(0, len(data) - after)
    raise ArchiveError("the archive's answer broke off: its last part has no end")


def _body(data: bytearray, end: int) -> bytes:
    at = data.find(b"\r\n\r\n", 0, end)
    if at < 0:
        raise ArchiveError("a part of the archive's answer has a head without end")
    return bytes(memoryview(data)[at + 4 : end])  # a slice of its own would be one copy more


def kept(images: Iterable[bytes], folder: Path) -> Iterator[Path]:
    """Write each body to a file of its own while the next one comes in; the path of each that came.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    with ThreadPoolExecutor(1) as writer:
        before: Future[int] | None = None
        for number, image in enumerate(images):
            if before:
                before.result()
            path = folder / f"{number:04d}.dcm"
            before = writer.submit(path.write_bytes, image)
            yield path
        if before:
            before.result()


def joined(files: Sequence[bytes], boundary: bytes) -> bytes:
    """The body of a request that holds DICOM files as its parts."""
    head = b"\r\n--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(part for file in files for part in (head, file)) + b"\r\n--" + boundary + b"--\r\n"

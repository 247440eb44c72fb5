"""Addresses of archives, and of studies in them."""

import re
from ipaddress import ip_address
from pathlib import Path

import httpx

from sarcoma_review.errors import ArchiveError

SCHEME = "dicomweb+"
UID = re.compile(r"[0-9][0-9.]{0,63}")


def is_web(address: str | Path) -> bool:
    """Whether this is the address of a study in an archive rather than a place on disk."""
    return str(address).startswith(SCHEME)


def archive_and_study(address: str) -> tuple[str, str]:
    """Service and study of an address.

    Raises
    ------
    ArchiveError

    Examples
    --------
    >>> archive_and_study("dicomweb+https://archive.example/dicom-web/studies/1.2.3")
    ('https://archive.example/dicom-web', '1.2.3')
    """
    service, found, uid = address.removeprefix(SCHEME).rstrip("/").rpartition("/studies/")
    if not found:
        raise ArchiveError("expected dicomweb+https://SERVICE/studies/UID, found no /studies/ in the address")
    require_uid(uid)
    return service, uid


def service_address(url: str) -> httpx.URL:
    """The parts of a service's address.

    Raises
    ------
    ArchiveError
        If it is not one of a service, or holds a password.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        raise ArchiveError("the archive's address cannot be read; expected https://SERVICE") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise ArchiveError("expected an archive's address that begins with https:// or http://")
    if address.userinfo:
        raise ArchiveError("the archive's address holds a password; expected it in headers, which are not stored")
    return address


def is_this_machine(host: str) -> bool:
    """Whether what is sent to a host stays on this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def require_uid(uid: str) -> None:
    """Refuse what is no UID, before it becomes part of an address.

    Raises
    ------
    ArchiveError
    """
    if not UID.fullmatch(uid):
        raise ArchiveError("expected a UID of digits and dots, at most 64 characters")

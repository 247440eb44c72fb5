"""Where a registry may lie: not on a network share, where SQLite's log of writes can lose them.

Nor on another machine that is reached unencrypted, or that could be any machine.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sarcoma_review.errors import RegistryError

SHARES = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "9p", "ceph", "glusterfs", "lustre"),
        *("beegfs", "gpfs", "davfs", "vboxsf", "prl_fs", "virtiofs", "fuse.gvfsd-fuse"),
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.davfs2", "fuse.glusterfs", "fuse.cephfs"),
    )
)

_THIS_MACHINE = frozenset(("localhost", "127.0.0.1", "::1"))


def refuse_network_share(path: Path, mounts: str | None = None) -> None:
    """Refuse a file on a network share.

    Parameters
    ----------
    path : Path
        Of the SQLite file.
    mounts : str, optional
        Text of the system's list of mounts; read from the system without it.

    Raises
    ------
    RegistryError
        If the place is a share. On macOS the kind of file system is not known here, and nothing is refused.
    """
    kind = (
        _windows_share(path)
        if sys.platform == "win32"
        else file_system(path, _mounts() if mounts is None else mounts)
    )
    if kind in SHARES:
        raise RegistryError(
            f"the registry would lie on a network share ({kind}), where SQLite can lose what was written; "
            "use a disk of this machine, or PostgreSQL for a network"
        )


def require_tls(host: str | None, options: Mapping[str, str | Sequence[str]]) -> None:
    """Refuse a server on another machine whose certificate would not be held against its name.

    Parameters
    ----------
    host : str or None
        Of the address.
    options : mapping
        What stands behind the ``?`` of the address: PostgreSQL's own defaults take any server, unencrypted too.

    Raises
    ------
    RegistryError
        If a host is neither this machine nor a folder of sockets, and ``sslmode`` is not ``verify-full``.

    Examples
    --------
    >>> require_tls("localhost", {})
    >>> require_tls("registry.network", {"sslmode": "verify-full"})
    >>> require_tls("registry.network", {"sslmode": "require"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    sarcoma_review.errors.RegistryError: a registry on another machine is reached by TLS, ...
    """
    named = [host, options.get("hostaddr"), options.get("host")]
    hosts = ",".join(each if isinstance(each, str) else ",".join(each or ()) for each in named).split(",")
    elsewhere = any(each and not each.startswith("/") and each not in _THIS_MACHINE for each in hosts)
    if elsewhere and options.get("sslmode") != "verify-full":
        raise RegistryError(
            "a registry on another machine is reached by TLS, its certificate held against its name: "
            "add ?sslmode=verify-full&sslrootcert=FILE to the address"
        )


def file_system(path: Path, mounts: str) -> str:
    """Kind of the file system a path lies on, by the longest mount point above it; empty where it is not known.

    Links are followed: a folder at home may well be a link to a share.

    Examples
    --------
    >>> file_system(Path("/mnt/team/cases.sqlite"), "30 22 0:50 / /mnt/team rw - nfs4 server:/team rw")
    'nfs4'
    """
    place = str(path.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        point = _unescaped(left.split(" ")[4]) if left.count(" ") >= 4 else ""
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if point and inside and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    return kind


def _unescaped(point: str) -> str:
    """The system writes blanks, tabs, line ends and backslashes of a name as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point)


def _mounts() -> str:
    table = Path("/proc/self/mountinfo")
    return table.read_text(encoding="utf-8", errors="replace") if table.exists() else ""


def _windows_share(path: Path) -> str:
    drive = os.path.splitdrive(path.resolve())[0]
    return "smb" if drive.startswith("\\\\") else ""

"""Exchange between centres: cases as one signed file, the same bytes for the same cases.

The file is a magic word, the signer's public key, an Ed25519 signature over all else, and a zip of two members. Any
changed byte breaks the word, the key, or the signature.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, func, insert, select

from sarcoma_review.errors import RegistryError
from sarcoma_review.registry.chain import entry_hash
from sarcoma_review.registry.events import EVENT
from sarcoma_review.registry.journal import Registry, append_row
from sarcoma_review.registry.projections import project
from sarcoma_review.registry.tables import BUNDLE, JOURNAL, MILESTONE

_MAGIC = b"SRBUNDLE"
_FORMAT = 1
_MEMBERS = ("manifest.json", "entries.jsonl")
_LARGEST = 256 * 2**20
_FIELDS = ("case_id", "version", "kind", "recorded_at", "author", "body", "previous_hash", "hash")


@dataclass(frozen=True)
class Exported:
    """What went into a bundle: cases and entries, and the cases left out as their patient refused."""

    cases: int
    entries: int
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """What came out of a bundle.

    Parameters
    ----------
    signer : str
        Name under which the key is trusted.
    new, same : int
        Entries written, and entries that were here already.
    forks : tuple of str
        Cases whose history here differs from the one in the bundle; nothing of them was written.
    """

    signer: str
    new: int
    same: int
    forks: tuple[str, ...]


def make_key(path: str | Path) -> str:
    """Write a new signing key, readable by its owner alone; the public key to hand to others, in hex.

    Raises
    ------
    RegistryError
        If the file is there already.
    """
    place = Path(path)
    if place.exists():
        raise RegistryError("the key file exists already; nothing was written")
    key = Ed25519PrivateKey.generate()
    place.touch(mode=0o600)
    place.write_bytes(key.private_bytes_raw())
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def export(
    registry: Registry, path: str | Path, *, key_file: str | Path, cases: Sequence[str] | None = None
) -> Exported:
    """Write cases, with the whole of their history, into one signed file.

    Parameters
    ----------
    registry : Registry
    path : path-like
        Of the bundle; not there yet.
    key_file : path-like
        As `make_key` wrote it.
    cases : sequence of str, optional
        All without it. A case whose patient refused the use is left out.

    Raises
    ------
    RegistryError
        If the file is there already, the key is none, or a case is not in this registry.
    """
    if Path(path).exists():
        raise RegistryError("the bundle exists already; nothing was written")
    key = _private_key(Path(key_file))
    wanted = set(registry.cases() if cases is None else cases)
    if wanted - set(registry.cases()):
        raise RegistryError(f"{len(wanted - set(registry.cases()))} case(s) to export are not in this registry")
    with registry.reading() as connection:
        refused = refused_cases(connection) & wanted
        rows = _entries(connection, wanted - refused)
        head = connection.execute(
            select(JOURNAL.c.id, JOURNAL.c.chain).order_by(JOURNAL.c.id.desc()).limit(1)
        ).first()
    lines = "".join(json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n" for row in rows).encode()
    manifest = {
        "format": _FORMAT,
        "sequence": head.id if head else 0,
        "chain": head.chain if head else "",
        "entries": len(rows),
        "sha256": hashlib.sha256(lines).hexdigest(),
    }
    payload = _zipped({"manifest.json": json.dumps(manifest, sort_keys=True).encode(), "entries.jsonl": lines})
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = key.sign(_MAGIC + public + payload)
    Path(path).write_bytes(_MAGIC + public + signature + payload)
    return Exported(len(wanted - refused), len(rows), tuple(sorted(refused)))


def import_(registry: Registry, path: str | Path, *, trusted: Mapping[str, str]) -> Imported:
    """Add what a bundle holds and this registry does not; all of it or nothing.

    Parameters
    ----------
    registry : Registry
    path : path-like
    trusted : mapping of str to str
        Name of each signer and the public key in hex.

    Raises
    ------
    RegistryError
        If the file is no bundle, the signer is not trusted, a byte was changed, the bundle is older than one already
        imported from this signer, is of a newer format, is far larger than it says, or its entries do not fit.
    """
    signer, payload = _opened(Path(path).read_bytes(), trusted)
    manifest, lines = _unzipped(payload)
    entries = [json.loads(line) for line in lines.splitlines()]
    now = registry._now()
    with registry._writing() as connection:
        _refuse_rollback(connection, trusted[signer], manifest)
        forks, new, same = set[str](), 0, 0
        for entry in entries:
            if entry["case_id"] in forks:
                continue
            state = _add(connection, entry)
            new, same = new + (state == "new"), same + (state == "same")
            if state == "fork":
                forks.add(entry["case_id"])
        values = {"sequence": manifest["sequence"], "chain": manifest["chain"], "imported_at": now}
        if new or not entries:
            connection.execute(insert(BUNDLE).values(signer=trusted[signer], **values))
    return Imported(signer, new, same, tuple(sorted(forks)))


def refused_cases(connection: Connection) -> set[str]:
    """Cases whose latest word on consent is no."""
    types = ("consent_given", "consent_refused")
    query = select(MILESTONE.c.case_id, MILESTONE.c.type).where(MILESTONE.c.type.in_(types))
    latest = {row.case_id: row.type for row in connection.execute(query.order_by(MILESTONE.c.version))}
    return {case_id for case_id, type_ in latest.items() if type_ == "consent_refused"}


def _entries(connection: Connection, wanted: set[str]) -> list[dict[str, Any]]:
    columns = [JOURNAL.c[name] for name in _FIELDS]
    rows = connection.execute(select(*columns).order_by(JOURNAL.c.id)).mappings()
    chosen = [dict(row) for row in rows if row["case_id"] in wanted]
    return sorted(chosen, key=lambda row: (row["case_id"], row["version"]))


def _zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            archive.writestr(info, content)
    return target.getvalue()


def _opened(content: bytes, trusted: Mapping[str, str]) -> tuple[str, bytes]:
    start = len(_MAGIC)
    public, signature, payload = content[start : start + 32], content[start + 32 : start + 96], content[start + 96 :]
    if content[:start] != _MAGIC or len(signature) != 64:
        raise RegistryError("the file is not a bundle of this program")
    names = [name for name, key in trusted.items() if key.lower() == public.hex()]
    if not names:
        raise RegistryError("the bundle is signed by a key that is not trusted here")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _MAGIC + public + payload)
    except InvalidSignature:
        raise RegistryError("the bundle was changed after it was signed; nothing was imported") from None
    return names[0], payload


def _unzipped(payload: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            if tuple(archive.namelist()) != _MEMBERS:
                raise RegistryError(f"the bundle holds other files than {' and '.join(_MEMBERS)}")
            if sum(info.file_size for info in archive.infolist()) > _LARGEST:
                raise RegistryError(f"the bundle unpacks to more than {_LARGEST // 2**20} MB; nothing was unpacked")
            manifest_text, lines = (_read(archive, name) for name in _MEMBERS)
        manifest = json.loads(manifest_text)
    except (zipfile.BadZipFile, ValueError):
        raise RegistryError("the bundle cannot be unpacked") from None
    if manifest.get("format") != _FORMAT:
        raise RegistryError(f"the bundle is of format {manifest.get('format')}; this program reads {_FORMAT}")
    if hashlib.sha256(lines).hexdigest() != manifest["sha256"]:
        raise RegistryError("the entries of the bundle are not those of its manifest")
    return manifest, lines


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read no more than allowed, whatever the archive says of its size."""
    with archive.open(name) as member:
        content = member.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise RegistryError(f"the bundle unpacks to more than {_LARGEST // 2**20} MB; nothing was imported")
    return content


def _refuse_rollback(connection: Connection, key: str, manifest: dict[str, Any]) -> None:
    seen = connection.execute(select(func.max(BUNDLE.c.sequence)).where(BUNDLE.c.signer == key)).scalar() or 0
    if manifest["sequence"] < seen:
        raise RegistryError(
            f"the bundle is older than one already imported from this signer: entry {manifest['sequence']} "
            f"after entry {seen}; nothing was imported"
        )


def _add(connection: Connection, entry: dict[str, Any]) -> str:
    case_id, version = str(entry["case_id"]), int(entry["version"])
    names = {"body": entry["body"], "previous": entry["previous_hash"], "author": entry["author"]}
    if entry_hash(case_id, version, entry["recorded_at"], **names) != entry["hash"]:
        raise RegistryError("an entry of the bundle does not fit its own hash; nothing was imported")
    event = EVENT.validate_json(entry["body"])
    query = select(JOURNAL.c.version, JOURNAL.c.hash).where(JOURNAL.c.case_id == case_id)
    here = connection.execute(query.where(JOURNAL.c.version == version)).first()
    if here is not None:
        return "same" if here.hash == entry["hash"] else "fork"
    before = connection.execute(query.where(JOURNAL.c.version == version - 1)).first()
    if (before.hash if before else "") != entry["previous_hash"] or (version > 1 and before is None):
        raise RegistryError("an entry of the bundle does not follow the one before it; nothing was imported")
    append_row(connection, {name: entry[name] for name in _FIELDS})
    project(connection, case_id, version, event=event, recorded_at=entry["recorded_at"])
    return "new"


def _private_key(path: Path) -> Ed25519PrivateKey:
    content = path.read_bytes() if path.is_file() else b""
    if len(content) != 32:
        raise RegistryError("the key file holds no signing key of this program")
    return Ed25519PrivateKey.from_private_bytes(content)

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
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, func, insert, select

from sarcoma_review.errors import RegistryError
from sarcoma_review.registry.chain import entry_hash
from sarcoma_review.registry.consent import refused_cases
from sarcoma_review.registry.entries import append_row, require_place, require_pseudonyms
from sarcoma_review.registry.events import EVENT, Event
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.projections import project
from sarcoma_review.registry.tables import BUNDLE, JOURNAL, MEETING

_MAGIC = b"SRBUNDLE"
_FORMAT = 1
_MEMBERS = ("manifest.json", "entries.jsonl")
_LARGEST = 256 * 2**20


class _Format(BaseModel):
    format: int


class _Manifest(_Format):
    sequence: Annotated[int, Field(ge=0, lt=2**62)]
    chain: str
    entries: int
    sha256: str


class _Line(BaseModel):
    """One entry of the journal, in the columns of the table."""

    model_config = ConfigDict(strict=True)

    case_id: str
    version: Annotated[int, Field(ge=1, lt=2**31)]
    kind: str
    recorded_at: str
    author: str
    body: str
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Exported:
    """What went into a bundle.

    Parameters
    ----------
    cases, entries : int
    refused : tuple of str
        Cases left out, as their patient refused to have them shared.
    restricted : tuple of str
        Cases that are in it though their patient refused another use, a meeting or an audit. The refusal goes with
        them, and holds where they arrive.
    """

    cases: int
    entries: int
    refused: tuple[str, ...]
    restricted: tuple[str, ...] = ()


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
        All without it. A case whose patient refused to have it shared is left out; a refusal of another use is
        no refusal of this one, and is counted in the answer.

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
        refused = refused_cases(connection, "sharing") & wanted
        elsewhere = refused_cases(connection, "peer_learning", "audit")
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
    taken = wanted - refused
    return Exported(len(taken), len(rows), tuple(sorted(refused)), tuple(sorted(taken & elsewhere)))


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
        imported from this signer, is of a newer format, is far larger than it says, or its entries do not fit or
        could not have been written here.
    """
    if not Path(path).is_file():
        raise RegistryError("there is no bundle in this place")
    signer, payload = _opened(Path(path).read_bytes(), trusted)
    manifest, entries = _unzipped(payload)
    now = registry._now()
    with registry._writing() as connection:
        _refuse_rollback(connection, trusted[signer], manifest)
        forks, new, same = set[str](), 0, 0
        for entry in entries:
            if entry.case_id in forks:
                continue
            state = _add(connection, entry)
            new, same = new + (state == "new"), same + (state == "same")
            if state == "fork":
                forks.add(entry.case_id)
        values = {"sequence": manifest.sequence, "chain": manifest.chain, "imported_at": now}
        if new or not entries:
            connection.execute(insert(BUNDLE).values(signer=trusted[signer], **values))
    return Imported(signer, new, same, tuple(sorted(forks)))


def _entries(connection: Connection, wanted: set[str]) -> list[dict[str, Any]]:
    columns = [JOURNAL.c[name] for name in _Line.model_fields]
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


def _unzipped(payload: bytes) -> tuple[_Manifest, list[_Line]]:
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            if tuple(archive.namelist()) != _MEMBERS:
                raise RegistryError(f"the bundle holds other files than {' and '.join(_MEMBERS)}")
            if sum(info.file_size for info in archive.infolist()) > _LARGEST:
                raise RegistryError(f"the bundle unpacks to more than {_LARGEST // 2**20} MB; nothing was unpacked")
            manifest_text, lines = (_read(archive, name) for name in _MEMBERS)
    except zipfile.BadZipFile:
        raise RegistryError("the bundle cannot be unpacked") from None
    return _read_through(manifest_text, lines)


def _read_through(manifest_text: bytes, lines: bytes) -> tuple[_Manifest, list[_Line]]:
    try:
        format_ = _Format.model_validate_json(manifest_text).format
        if format_ != _FORMAT:
            raise RegistryError(f"the bundle is of format {format_}; this program reads {_FORMAT}")
        manifest = _Manifest.model_validate_json(manifest_text)
        entries = [_Line.model_validate_json(line) for line in lines.split(b"\n")[:-1]]
    except ValueError:  # its message would quote the entry
        raise RegistryError("the bundle cannot be unpacked: its manifest or an entry is not in its form") from None
    if hashlib.sha256(lines).hexdigest() != manifest.sha256 or len(entries) != manifest.entries:
        raise RegistryError("the entries of the bundle are not those of its manifest")
    return manifest, entries


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read no more than allowed, whatever the archive says of its size."""
    with archive.open(name) as member:
        content = member.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise RegistryError(f"the bundle unpacks to more than {_LARGEST // 2**20} MB; nothing was imported")
    return content


def _refuse_rollback(connection: Connection, key: str, manifest: _Manifest) -> None:
    seen = connection.execute(select(func.max(BUNDLE.c.sequence)).where(BUNDLE.c.signer == key)).scalar() or 0
    if manifest.sequence < seen:
        raise RegistryError(
            f"the bundle is older than one already imported from this signer: entry {manifest.sequence} "
            f"after entry {seen}; nothing was imported"
        )


def _add(connection: Connection, entry: _Line) -> str:
    case_id, version = entry.case_id, entry.version
    names = {"body": entry.body, "previous": entry.previous_hash, "author": entry.author}
    if entry_hash(case_id, version, entry.recorded_at, **names) != entry.hash:
        raise RegistryError("an entry of the bundle does not fit its own hash; nothing was imported")
    query = select(JOURNAL.c.version, JOURNAL.c.hash).where(JOURNAL.c.case_id == case_id)
    here = connection.execute(query.where(JOURNAL.c.version == version)).first()
    if here is not None:
        return "same" if here.hash == entry.hash else "fork"
    before = connection.execute(query.where(JOURNAL.c.version == version - 1)).first()
    if (before.hash if before else "") != entry.previous_hash or (version > 1 and before is None):
        raise RegistryError("an entry of the bundle does not follow the one before it; nothing was imported")
    event = _event(entry)
    require_pseudonyms(case_id, entry.author)
    require_place(connection, case_id, version - 1, event=event)
    append_row(connection, entry.model_dump())
    project(connection, case_id, version, event=event, recorded_at=entry.recorded_at)
    return "new"


def _event(entry: _Line) -> Event:
    """What an entry says, by the rules for what is written here: a signature is no reason to let anything pass."""
    try:
        event = EVENT.validate_json(entry.body)
        zoned = datetime.fromisoformat(entry.recorded_at).tzinfo is not None
    except ValueError:
        raise RegistryError("an entry of the bundle is no event of this program; nothing was imported") from None
    if event.kind != entry.kind or not zoned:
        raise RegistryError("an entry of the bundle says another kind or no time zone; nothing was imported")
    if event.kind == MEETING:  # what was said at a meeting stays where it was said
        raise RegistryError("an entry of the bundle is of a meeting, and bundles hold cases; nothing was imported")
    return event


def _private_key(path: Path) -> Ed25519PrivateKey:
    content = path.read_bytes() if path.is_file() else b""
    if len(content) != 32:
        raise RegistryError("the key file holds no signing key of this program")
    return Ed25519PrivateKey.from_private_bytes(content)

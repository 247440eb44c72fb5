import hashlib
import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from sarcoma_review.errors import RegistryError
from sarcoma_review.meeting import MeetingEntry, StartRoom
from sarcoma_review.registry import CaseOpened, Consent, Decision, Event, Execution, Operation, Registry
from sarcoma_review.registry import bundle as exchange
from sarcoma_review.registry.chain import entry_hash
from sarcoma_review.registry.consent import refused
from sarcoma_review.registry.entries import canonical
from sarcoma_review.registry.migrations.triggers import allow_changes

OPENED = CaseOpened(question="Which planes?", centre="AB")
DECIDED = Decision(modality="surgery", decision="resection")
OPERATED = Operation(procedure="resection", on_date=date(2026, 2, 1))
REFUSED = {"given": False, "on_date": date(2026, 1, 1)}


class Centre:
    """A centre with a registry and a key."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.registry = Registry.open(folder / f"{name}.sqlite")
        self.key_file = folder / f"{name}.key"
        self.public = exchange.make_key(self.key_file)

    def send(self, name: str = "out") -> Path:
        path = self.folder / f"{self.name}-{name}.srbundle"
        exchange.export(self.registry, path, key_file=self.key_file)
        return path


@pytest.fixture
def north(tmp_path: Path) -> Centre:
    centre = Centre(tmp_path, "north")
    for case in ("n-1", "n-2"):
        centre.registry.append(case, OPENED)
        centre.registry.append(case, DECIDED)
    return centre


@pytest.fixture
def south(tmp_path: Path) -> Centre:
    centre = Centre(tmp_path, "south")
    centre.registry.append("s-1", OPENED)
    return centre


def test_a_bundle_brings_cases_over_once_and_again_changes_nothing(north: Centre, south: Centre) -> None:
    trusted = {"north": north.public}
    first = exchange.import_(south.registry, north.send(), trusted=trusted)
    assert (first.signer, first.new, first.same, first.forks) == ("north", 4, 0, ())
    again = exchange.import_(south.registry, north.send("again"), trusted=trusted)
    assert (again.new, again.same) == (0, 4)
    assert south.registry.history("n-1") == north.registry.history("n-1")
    assert south.registry.verify() == []
    assert sorted(south.registry.cases()) == ["n-1", "n-2", "s-1"]


def test_the_same_cases_make_the_same_bytes(north: Centre) -> None:
    assert north.send("a").read_bytes() == north.send("b").read_bytes()


def test_centres_may_be_imported_in_any_order(north: Centre, south: Centre, tmp_path: Path) -> None:
    trusted = {"north": north.public, "south": south.public}
    bundles, records = [north.send(), south.send()], []
    for order, name in ((bundles, "x"), (bundles[::-1], "y")):
        registry = Registry.open(tmp_path / f"{name}.sqlite")
        for path in order:
            exchange.import_(registry, path, trusted=trusted)
        records.append({case: registry.history(case) for case in sorted(registry.cases())})
        assert registry.verify() == []
    assert records[0] == records[1]


def test_a_case_that_went_two_ways_is_a_fork_and_stays_as_it_is(north: Centre, south: Centre) -> None:
    trusted = {"north": north.public}
    exchange.import_(south.registry, north.send(), trusted=trusted)
    south.registry.append("n-1", OPERATED)
    north.registry.append("n-1", DECIDED)
    north.registry.append("n-2", OPERATED)
    done = exchange.import_(south.registry, north.send("later"), trusted=trusted)
    assert (done.new, done.same, done.forks) == (1, 4, ("n-1",))
    assert south.registry.case("n-1").of(Operation) == (OPERATED,)


def test_a_bundle_older_than_one_already_seen_is_refused(north: Centre, south: Centre) -> None:
    trusted = {"north": north.public}
    early = north.send("early")
    north.registry.append("n-1", OPERATED)
    exchange.import_(south.registry, north.send("late"), trusted=trusted)
    with pytest.raises(
        RegistryError, match="older than one already imported from this signer: entry 4 after entry 5"
    ):
        exchange.import_(south.registry, early, trusted=trusted)


def test_every_changed_byte_is_refused(north: Centre, south: Centre, tmp_path: Path) -> None:
    content, rng = bytearray(north.send().read_bytes()), np.random.default_rng(5)
    changed = tmp_path / "changed.srbundle"
    for place in rng.choice(len(content), 300, replace=len(content) < 300):
        fault = content.copy()
        fault[place] ^= int(rng.integers(1, 256))
        changed.write_bytes(fault)
        with pytest.raises(RegistryError, match=r"not a bundle|not trusted|changed after it was signed"):
            exchange.import_(south.registry, changed, trusted={"north": north.public})
    for cut in (0, 5, 60, len(content) - 1):
        changed.write_bytes(content[:cut])
        with pytest.raises(RegistryError, match=r"not a bundle|not trusted|changed after it was signed"):
            exchange.import_(south.registry, changed, trusted={"north": north.public})
    assert south.registry.cases() == ["s-1"]


def signed(centre: Centre, members: list[tuple[str, bytes]]) -> Path:
    """A bundle with a good signature over whatever a trusted but careless or hostile centre puts in."""
    payload = io.BytesIO()
    with zipfile.ZipFile(payload, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    key = Ed25519PrivateKey.from_private_bytes(centre.key_file.read_bytes())
    head = b"SRBUNDLE" + bytes.fromhex(centre.public)
    path = centre.folder / "made.srbundle"
    path.write_bytes(head + key.sign(head + payload.getvalue()) + payload.getvalue())
    return path


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("manifest.json", b"{}"), ("../entries.jsonl", b"")], "holds other files than"),
        ([("manifest.json", b"{}"), ("entries.jsonl", b""), ("x", b"")], "holds other files than"),
        ([("manifest.json", b'{"format": 9}'), ("entries.jsonl", b"")], "is of format 9; this program reads 1"),
        ([("manifest.json", b"{"), ("entries.jsonl", b"")], "cannot be unpacked"),
        ([("manifest.json", b'{"format": 1, "sha256": ""}'), ("entries.jsonl", b"")], "is not in its form"),
        (
            [
                ("manifest.json", b'{"format": 1, "sha256": "", "sequence": 1, "chain": "", "entries": 0}'),
                ("entries.jsonl", b""),
            ],
            "not those of its manifest",
        ),
        ([("manifest.json", b"{}"), ("entries.jsonl", b"\0" * (257 * 2**20))], "unpacks to more than 256 MB"),
    ],
)
def test_a_signed_file_that_is_no_bundle_is_refused(
    north: Centre, south: Centre, members: list[tuple[str, bytes]], message: str
) -> None:
    with pytest.raises(RegistryError, match=message):
        exchange.import_(south.registry, signed(north, members), trusted={"north": north.public})


def line(event: Event, *, version: int = 1, previous: str = "", **columns: str) -> dict[str, object]:
    """One entry with a hash that fits, whatever a trusted centre says in it."""
    text_of = {"case_id": "x-1", "author": "", "recorded_at": "2026-01-01T00:00:00+00:00", "kind": event.kind}
    row = {**text_of, "body": canonical(event), **columns}
    parts = {"body": row["body"], "previous": previous, "author": row["author"]}
    own = entry_hash(row["case_id"], version, row["recorded_at"], **parts)
    return {**row, "version": version, "previous_hash": previous, "hash": own}


def bundle_of(rows: list[dict[str, object]], **manifest: object) -> list[tuple[str, bytes]]:
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    said = {"format": 1, "sequence": 9, "chain": "", "entries": len(rows)}
    said |= {"sha256": hashlib.sha256(lines).hexdigest(), **manifest}
    return [("manifest.json", json.dumps(said).encode()), ("entries.jsonl", lines)]


FIRST = line(OPENED)
MET = MeetingEntry(action=StartRoom(), by="server", at=datetime(2026, 1, 1, tzinfo=UTC))
AFTER = str(FIRST["hash"])


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (bundle_of([line(OPENED, case_id="12345678")]), "a case id is a pseudonym"),
        (bundle_of([line(OPENED, author="12345678")]), "an author is a pseudonym"),
        (bundle_of([line(DECIDED)]), "the first event of a case is case_opened, found decision"),
        (bundle_of([line(MET)]), "is of a meeting, and bundles hold cases"),
        (bundle_of([FIRST, line(OPENED, version=2, previous=AFTER)]), "the case is open already"),
        (
            bundle_of([FIRST, line(Execution(decision_version=9, carried_out="yes"), version=2, previous=AFTER)]),
            "version 9 of the case is to be a decision, found no entry",
        ),
        (bundle_of([line(OPENED, kind="operation")]), "says another kind or no time zone"),
        (bundle_of([line(OPENED, recorded_at="2026-01-01T00:00:00")]), "says another kind or no time zone"),
        (bundle_of([line(OPENED, recorded_at="soon")]), "is no event of this program"),
        (bundle_of([line(OPENED, body='{"kind": "nonsense"}')]), "is no event of this program"),
        (bundle_of([line(OPENED, version=0)]), "is not in its form"),
        (bundle_of([{"case_id": "x-1"}]), "is not in its form"),
        (bundle_of([FIRST], sequence=10**30), "is not in its form"),
        (bundle_of([FIRST], sequence=None), "is not in its form"),
        (bundle_of([FIRST], entries=7), "not those of its manifest"),
        ([("manifest.json", b"[]"), ("entries.jsonl", b"")], "is not in its form"),
    ],
)
def test_a_good_signature_lets_nothing_in_that_could_not_be_written_here(
    north: Centre, south: Centre, members: list[tuple[str, bytes]], message: str
) -> None:
    with pytest.raises(RegistryError, match=message):
        exchange.import_(south.registry, signed(north, members), trusted={"north": north.public})
    assert south.registry.cases() == ["s-1"]


def test_a_well_made_bundle_of_another_hand_is_taken_and_one_that_is_not_there_refused(
    north: Centre, south: Centre
) -> None:
    done = exchange.import_(south.registry, signed(north, bundle_of([FIRST])), trusted={"north": north.public})
    assert (done.new, south.registry.cases()) == (1, ["s-1", "x-1"])
    with pytest.raises(RegistryError, match="there is no bundle in this place"):
        exchange.import_(south.registry, south.folder / "none.srbundle", trusted={})


def test_a_journal_that_was_tampered_with_cannot_be_passed_on(north: Centre, south: Centre) -> None:
    with north.registry._writing() as connection:
        allow_changes(connection, "journal")
        connection.execute(text("UPDATE journal SET body = replace(body, 'Which', 'Whose') WHERE version = 1"))
    with pytest.raises(RegistryError, match="does not fit its own hash; nothing was imported"):
        exchange.import_(south.registry, north.send(), trusted={"north": north.public})
    assert south.registry.cases() == ["s-1"]


def test_a_patient_who_refused_does_not_travel(north: Centre) -> None:
    north.registry.append("n-1", Consent(given=False, scope="sharing", on_date=date(2026, 1, 1)))
    made = exchange.export(north.registry, north.folder / "o.srbundle", key_file=north.key_file)
    assert (made.cases, made.refused) == (1, ("n-1",))
    with pytest.raises(RegistryError, match=r"1 case\(s\) to export are not in this registry"):
        exchange.export(north.registry, north.folder / "p.srbundle", key_file=north.key_file, cases=["n-9"])


def test_a_refusal_of_another_use_is_no_refusal_to_share_but_is_told_and_travels(
    north: Centre, south: Centre
) -> None:
    for case, scope in (("n-1", "peer_learning"), ("n-2", "sharing")):
        north.registry.append(case, Consent.model_validate(REFUSED | {"scope": scope}))
    # A yes to another use does not lift the refusal to share.
    north.registry.append("n-2", Consent(given=True, scope="audit", on_date=date(2026, 2, 1)))
    made = exchange.export(north.registry, north.folder / "o.srbundle", key_file=north.key_file)
    assert (made.cases, made.refused, made.restricted) == (1, ("n-2",), ("n-1",))
    exchange.import_(south.registry, north.folder / "o.srbundle", trusted={"north": north.public})
    assert refused(south.registry, "peer_learning") == {"n-1"}


def test_keys_are_private_and_never_overwritten(north: Centre) -> None:
    assert north.key_file.stat().st_mode & 0o077 == 0
    with pytest.raises(RegistryError, match="key file exists already"):
        exchange.make_key(north.key_file)

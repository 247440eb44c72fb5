import json
import os
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sarcoma_review.cli_registry import outcomes_app, registry_app
from sarcoma_review.errors import RegistryError
from sarcoma_review.registry import CaseOpened, Decision, Operation, Outcome, Registry
from sarcoma_review.registry.chain import entry_hash
from sarcoma_review.registry.entries import canonical
from sarcoma_review.registry.place import refuse_network_share, require_tls

OPENED = CaseOpened(question="Which planes?", centre="AB")
MOUNTS = """22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:50 / /mnt/team rw,relatime - nfs4 server:/team rw
31 22 0:51 / /mnt/with\\040space rw,relatime - cifs //server/x rw
32 30 0:52 / /mnt/team/scratch rw,relatime - ext4 /dev/sdb1 rw
33 22 0:53 / /mnt/tab\\011stop rw,relatime - nfs4 server:/tab rw
34 22 0:54 / /run/user/7/gvfs rw,relatime - fuse.gvfsd-fuse gvfsd-fuse rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/team/cases.sqlite", "nfs4"),
        ("/mnt/with space/c.sqlite", "cifs"),
        ("/mnt/tab\tstop/c.sqlite", "nfs4"),
        ("/mnt/team/scratch/../cases.sqlite", "nfs4"),
        ("/run/user/7/gvfs/server/c.sqlite", "fuse.gvfsd-fuse"),
    ],
)
def test_a_network_share_is_refused(path: str, kind: str) -> None:
    with pytest.raises(RegistryError, match=rf"on a network share \({kind}\).*PostgreSQL"):
        refuse_network_share(Path(path), MOUNTS)


def test_a_link_to_a_network_share_is_refused(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "cases").symlink_to(tmp_path / "share")
    mounts = f"{MOUNTS}40 22 0:60 / {tmp_path.resolve()}/share rw - cifs //server/x rw"
    with pytest.raises(RegistryError, match=r"on a network share \(cifs\)"):
        refuse_network_share(tmp_path / "cases" / "cases.sqlite", mounts)


@pytest.mark.parametrize(
    "path", ["/data/cases.sqlite", "/mnt/team/scratch/cases.sqlite", "/mnt/teamwork/cases.sqlite"]
)
def test_a_disk_of_this_machine_is_taken(path: str) -> None:
    refuse_network_share(Path(path), MOUNTS)


@pytest.mark.parametrize(
    ("host", "options"),
    [
        ("registry.network", {}),
        ("registry.network", {"sslmode": "require"}),
        ("registry.network", {"sslmode": "verify-ca"}),
        (None, {"host": "registry.network"}),
        (None, {"host": "/var/run,registry.network"}),
        (None, {"host": ("localhost", "registry.network")}),
        ("localhost", {"hostaddr": "10.0.0.1"}),
    ],
)
def test_a_server_elsewhere_that_could_be_any_is_refused(host: str | None, options: dict[str, Any]) -> None:
    with pytest.raises(RegistryError, match="sslmode=verify-full"):
        require_tls(host, options)


@pytest.mark.parametrize(
    ("host", "options"),
    [
        (None, {}),
        (None, {"host": "/var/run"}),
        ("localhost", {}),
        ("127.0.0.1", {"sslmode": "disable"}),
        ("registry.network", {"sslmode": "verify-full"}),
    ],
)
def test_a_server_here_or_of_a_known_name_is_taken(host: str | None, options: dict[str, Any]) -> None:
    require_tls(host, options)


def test_a_server_that_cannot_be_reached_is_refused_without_its_address() -> None:
    with pytest.raises(RegistryError, match="server cannot be reached") as refusal:
        Registry.open("postgresql://someone:secret@/x?host=/nowhere-at-all")
    assert "secret" not in str(refusal.value)


def test_an_encrypted_registry_holds_no_plain_text_and_opens_with_its_key_alone(tmp_path: Path) -> None:
    pytest.importorskip("sqlcipher3")
    key, wrong = tmp_path / "a.key", tmp_path / "b.key"
    key.write_bytes(os.urandom(32))
    wrong.write_bytes(os.urandom(32))
    registry = Registry.open(tmp_path / "cases.sqlite", key_file=key)
    registry.append("case-1", OPENED)
    assert all(b"Which planes" not in path.read_bytes() for path in tmp_path.glob("cases.sqlite*"))
    registry.backup(tmp_path / "copy.sqlite")
    assert b"Which planes" not in (tmp_path / "copy.sqlite").read_bytes()
    registry.close()
    assert Registry.open(tmp_path / "cases.sqlite", key_file=key).case("case-1").opened == OPENED
    for other in (wrong, None):
        with pytest.raises(RegistryError, match="not a registry") as refusal:
            Registry.open(tmp_path / "cases.sqlite", key_file=other)
        assert wrong.read_bytes().hex() not in str(refusal.value)
    wrong.write_bytes(b"short")
    with pytest.raises(RegistryError, match="a key of encryption has 32 bytes; found 5"):
        Registry.open(tmp_path / "cases.sqlite", key_file=wrong)


def first_schema(path: Path) -> None:
    """A registry as the first version of this program made it, before revisions of its tables."""
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE journal (id INTEGER NOT NULL, case_id VARCHAR(64) NOT NULL, version INTEGER NOT NULL, "
        "kind VARCHAR(32) NOT NULL, recorded_at VARCHAR(40) NOT NULL, body TEXT NOT NULL, "
        "previous_hash VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL, PRIMARY KEY (id), UNIQUE (case_id, version))"
    )
    for verb in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER journal_no_{verb} BEFORE {verb} ON journal "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
    previous = ""
    for version, event in ((1, OPENED), (2, Decision(modality="surgery", decision="resection"))):
        now, body = "2026-11-20T10:00:00+00:00", canonical(event)
        own = entry_hash("case-1", version, now, body=body, previous=previous)
        line = (None, "case-1", version, event.kind, now, body, previous, own)
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", line)
        previous = own
    connection.commit()
    connection.close()


def test_a_registry_of_the_first_version_is_brought_up_to_date_and_stays_whole(tmp_path: Path) -> None:
    first_schema(tmp_path / "cases.sqlite")
    registry = Registry.open(tmp_path / "cases.sqlite")
    assert registry.verify() == []
    assert registry.append("case-1", Operation(procedure="resection", on_date=date(2026, 1, 1))) == 3
    assert [entry.event.kind for entry in registry.history("case-1")] == ["case_opened", "decision", "operation"]
    registry.close()
    connection = sqlite3.connect(tmp_path / "cases.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE journal SET body = ''")
    connection.close()


@pytest.fixture
def place(tmp_path: Path) -> str:
    registry = Registry.open(tmp_path / "cases.sqlite")
    registry.append("case-1", OPENED)
    registry.append("case-1", Operation(procedure="resection", on_date=date(2026, 1, 1)))
    registry.append("case-1", Outcome(type="local_recurrence", on_date=date(2025, 12, 1)))
    registry.close()
    return str(tmp_path / "cases.sqlite")


def run(app: object, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words), standalone_mode=False)  # type: ignore[arg-type]
    if result.exception is not None:
        raise result.exception
    return int(result.return_value or 0), result.stdout


def test_the_command_line_verifies_checks_backs_up_and_restores(place: str, tmp_path: Path) -> None:
    assert run(registry_app, "verify", place) == (0, "whole: every entry fits the one before it\n")
    code, text = run(registry_app, "check", place, "--on", "2026-11-22", "--json")
    assert (code, json.loads(text)[0]["rule"]) == (1, "event before operation")
    assert run(registry_app, "backup", place, str(tmp_path / "copy.sqlite")) == (0, "the copy is whole\n")
    new = str(tmp_path / "new.sqlite")
    assert run(registry_app, "restore", new, str(tmp_path / "copy.sqlite")) == (0, "3 entries restored\n")
    assert run(registry_app, "checkpoint", place)[1] == run(registry_app, "checkpoint", new)[1]
    with pytest.raises(RegistryError, match="there is no registry in this place"):
        run(registry_app, "verify", str(tmp_path / "none.sqlite"))


def test_the_command_line_writes_fhir_and_signs_a_bundle_or_writes_none(place: str, tmp_path: Path) -> None:
    assert run(registry_app, "export", place, str(tmp_path / "cases.json"), "--fhir")[0] == 0
    kinds = [e["resource"]["resourceType"] for e in json.loads((tmp_path / "cases.json").read_text())["entry"]]
    assert kinds == ["Patient", "Procedure", "Observation"]
    with pytest.raises(RegistryError, match="the file exists already"):
        run(registry_app, "export", place, str(tmp_path / "cases.json"), "--fhir")
    with pytest.raises(RegistryError, match="a bundle is signed: give --key-file"):
        run(registry_app, "export", place, str(tmp_path / "bundle"))


def test_the_command_line_exchanges_a_bundle(place: str, tmp_path: Path) -> None:
    key, bundle, other = str(tmp_path / "k"), str(tmp_path / "b.srbundle"), str(tmp_path / "other.sqlite")
    public = run(registry_app, "key", key)[1].strip()
    assert "1 cases, 3 entries" in run(registry_app, "export", place, bundle, "--key-file", key)[1]
    Registry.open(other).close()
    answer = run(registry_app, "import", other, bundle, "--trust", f"north={public}")
    assert answer == (0, "from north: 3 entries new, 0 here already, 0 forks\n")


def test_the_command_line_counts_what_is_due_and_estimates(place: str, tmp_path: Path) -> None:
    code, text = run(registry_app, "due", place, "--on", "2026-07-01")
    assert code == 1
    assert text.startswith("case-1: 1 overdue\nsource: ESMO")
    assert "1 cases, 0 events" in run(outcomes_app, "curve", place, "metastasis", "--on", "2026-11-22")[1]
    asked = ["--benchmark", "0.1", "--source", "made up", "--within-days", "0", "--on", "2026-11-22"]
    assert "not a ranking" in run(outcomes_app, "centres", place, "metastasis", *asked)[1]
    assert run(outcomes_app, "concordance", place, "--json") == (0, "{}\n")
    assert run(registry_app, "redcap", place, str(tmp_path / "red"))[0] == 0
    assert (tmp_path / "red" / "dictionary.csv").exists()
    assert run(registry_app, "rebuild", place)[0] == 0

"""A registry of six centres at work: each by a role of its own, by TLS, on a real server."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from random import Random

import psycopg
import pytest
import typer

from sarcoma_review import cli_registry
from sarcoma_review.errors import ConflictError, RegistryError
from sarcoma_review.meeting import MeetingEntry, Member, OpenMeeting
from sarcoma_review.registry import CaseOpened, Consent, Correction, Execution, Operation, Registry, bundle, centres
from sarcoma_review.registry.release import release
from tests.servers import postgresql
from tests.servers.network import CODES, DECIDED, PASSWORD, World, as_administrator, make_world, now, outcome
from tests.servers.postgresql import Cluster

pytestmark = pytest.mark.servers
AGREED = Consent(given=True, scope="sharing", on_date=date(2026, 1, 1))
REFUSED = AGREED.model_copy(update={"given": False})
CHAIR = Member(id="chair", role="chair", unit="AB", profession="surgeon")


def test_a_registry_works_for_each_centre_as_for_one(world: World) -> None:
    for code in CODES:
        registry = world.registry(code)
        registry.append(f"{code}-1", CaseOpened(question="?", centre=code), author="lead")
        registry.append(f"{code}-1", DECIDED, expect=1)
        registry.append(f"{code}-1", Execution(decision_version=2, carried_out="yes"))
        registry.append(f"{code}-meeting", _opened(code))
        with pytest.raises(ConflictError, match="expected version 1 of the case, found 3"):
            registry.append(f"{code}-1", DECIDED, expect=1)
        registry.rebuild()
        assert (registry.cases(), registry.meetings()) == ([f"{code}-1"], [f"{code}-meeting"])
        assert (registry.case(f"{code}-1").version, registry.checkpoint().sequence) == (3, 4)
        assert registry.verify() == []


def _opened(code: str) -> MeetingEntry:
    action = OpenMeeting(title=f"Meeting of {code}", on_date=now().date(), mode="virtual", members=(CHAIR,))
    return MeetingEntry(at=now(), by="chair", action=action)


def test_the_registry_keeps_a_checkpoint_of_each_centre_by_itself(world: World) -> None:
    ab, cd = world.registry("AB"), world.registry("CD")
    for k in range(100):
        ab.append(f"AB-{k}", CaseOpened(question="?"))
        if k < 3:
            cd.append(f"CD-{k}", CaseOpened(question="?"))
    assert outcome(world, "centre_ab", "SELECT sequence FROM checkpoint") == "(100,)"
    assert outcome(world, "centre_cd", "SELECT sequence FROM checkpoint") == ""
    assert ab.verify() == cd.verify() == []


TEXTS = ['"', "\\", "\\u0041", "/", "\b\f\n\r\t", "\x01\x1f\x7f", "Ä€", "\u2028", "\U0001f9b4", 'a\\"b', ""]


def test_the_server_hashes_every_text_as_the_program_does(world: World) -> None:
    ab = world.registry("AB")
    for number, text in enumerate(TEXTS):
        ab.append(f"AB-{number}", CaseOpened(question=text, site=text), author="lead")
        assert ab.case(f"AB-{number}").opened.question == text
    assert ab.verify() == []


def test_a_text_that_the_server_cannot_read_is_refused(world: World) -> None:
    with pytest.raises(RegistryError, match="nothing was written: the text of an entry cannot be read"):
        world.registry("AB").append("AB-1", CaseOpened(question="\x00"))


def test_centres_that_write_at_once_lose_nothing(world: World) -> None:
    registries = {code: world.registry(code) for code in CODES}

    def write(code: str) -> int:
        return [registries[code].append(f"{code}-{k}", CaseOpened(question="?")) for k in range(10)].count(1)

    with ThreadPoolExecutor(len(CODES)) as pool:
        assert list(pool.map(write, CODES)) == [10] * len(CODES)
    for registry in registries.values():
        assert (len(registry.cases()), registry.verify(), registry.checkpoint().sequence) == (10, [], 10)


def test_a_centre_brings_its_own_cases_in_by_a_bundle_and_no_others(world: World, tmp_path: Path) -> None:
    source = Registry.open(tmp_path / "before.sqlite")
    key = bundle.make_key(tmp_path / "key")
    for case_id in ("AB-1", "CD-1"):
        for event in (CaseOpened(question="?"), DECIDED):
            source.append(case_id, event)
    for name, cases in (("ab", ["AB-1"]), ("both", None)):
        bundle.export(source, tmp_path / name, key_file=tmp_path / "key", cases=cases)
    ab = world.registry("AB")
    with pytest.raises(RegistryError, match="begins with the code of this centre"):
        bundle.import_(ab, tmp_path / "both", trusted={"before": key})
    assert ab.cases() == []
    assert bundle.import_(ab, tmp_path / "ab", trusted={"before": key}).new == 2
    assert (ab.history("AB-1"), ab.verify()) == (source.history("AB-1"), [])
    assert outcome(world, "centre_ab", "SELECT id FROM bundle_log") == "(1,)"
    source.close()


def test_a_case_is_read_by_others_while_its_patient_agrees_to_sharing(world: World) -> None:
    ab, cd = world.registry("AB"), world.registry("CD")
    ab.append("AB-1", CaseOpened(question="shared?"))
    assert centres.shared_cases(cd) == []
    agreed = ab.append("AB-1", AGREED)
    ab.append("AB-1", DECIDED)
    assert centres.shared_cases(cd) == ["AB-1"]
    assert cd.history("AB-1") == ab.history("AB-1")
    assert (cd.cases(), cd.verify()) == ([], [])
    ab.append("AB-1", Correction(corrects=agreed, reason="misread", replacement=REFUSED))
    assert centres.shared_cases(cd) == []
    with pytest.raises(RegistryError, match="no such case"):
        cd.history("AB-1")
    ab.append("AB-1", Correction(corrects=agreed, reason="misread twice", replacement=AGREED))
    assert cd.history("AB-1") == ab.history("AB-1")
    ab.append("AB-1", REFUSED)
    assert centres.shared_cases(cd) == []


@pytest.mark.parametrize("seed", range(4))
def test_what_is_shared_is_what_the_case_says_after_any_words_and_corrections(world: World, seed: int) -> None:
    chance, ab, cd = Random(seed), world.registry("AB"), world.registry("CD")
    ab.append("AB-1", CaseOpened(question="?"))
    said: list[int] = []
    for _ in range(12):
        scope = chance.choice(["sharing", "sharing", "audit"])
        word = Consent.model_validate({"given": chance.random() < 0.6, "scope": scope, "on_date": date(2026, 1, 1)})
        if said and chance.random() < 0.5:
            replacement = chance.choice([word, None])
            ab.append("AB-1", Correction(corrects=chance.choice(said), reason="misread", replacement=replacement))
        else:
            said.append(ab.append("AB-1", word))
        last = [each.given for each in ab.case("AB-1").of(Consent) if each.scope == "sharing"][-1:]
        assert centres.shared_cases(cd) == (["AB-1"] if last == [True] else [])
        assert last != [True] or cd.history("AB-1") == ab.history("AB-1")


@pytest.mark.parametrize("scope", ["peer_learning", "audit"])
def test_agreeing_to_another_use_or_saying_nothing_shares_nothing(world: World, scope: str) -> None:
    ab, cd = world.registry("AB"), world.registry("CD")
    ab.append("AB-1", CaseOpened(question="?"))
    ab.append("AB-1", AGREED.model_copy(update={"scope": scope}))
    assert centres.shared_cases(cd) == []


def test_a_shared_case_is_written_to_by_its_centre_alone(world: World) -> None:
    ab, cd = world.registry("AB"), world.registry("CD")
    for event in (CaseOpened(question="?"), AGREED):
        ab.append("AB-1", event)
    with pytest.raises(RegistryError, match="first event of a case is case_opened, found decision"):
        cd.append("AB-1", DECIDED)
    with pytest.raises(RegistryError, match=r"begins with the code of this centre and a hyphen$"):
        cd.append("AB-1", CaseOpened(question="ours now"))
    cd.append("CD-1", CaseOpened(question="?"))
    cd.rebuild()
    assert (ab.verify(), cd.verify(), ab.case("AB-1").version) == ([], [], 2)


def test_a_centre_s_backup_holds_its_own_and_is_restored_to_it(world: World, tmp_path: Path) -> None:
    ab, cd = world.registry("AB"), world.registry("CD")
    for code, registry in (("AB", ab), ("CD", cd)):
        for event in (CaseOpened(question="?"), AGREED, DECIDED):
            registry.append(f"{code}-1", event)
    ab.backup(tmp_path / "ab.sqlite")
    copy = Registry.open(tmp_path / "ab.sqlite")
    assert (copy.cases(), copy.verify(), copy.history("AB-1")) == (["AB-1"], [], ab.history("AB-1"))
    copy.close()
    anew = make_world(world.cluster, f"{world.name}r")
    assert anew.registry("AB").restore(tmp_path / "ab.sqlite") == 3
    assert anew.registry("AB").history("AB-1") == ab.history("AB-1")
    anew.close()


def test_the_network_s_role_reads_what_was_released_and_never_a_true_count(world: World) -> None:
    for code, count in (("AB", 12), ("CD", 3)):
        registry = world.registry(code)
        for k in range(count):
            registry.append(f"{code}-{k}", CaseOpened(question="?", sex="female"))
        release(registry, "a centre's own", [20], role="lead")
    shown = centres.publish(world.owned(), "sex", role="network lead")
    assert shown == {"AB": {"female": 10}, "CD": {"female": "*"}}
    released = outcome(world, "network_reader", "SELECT subject, shown, rule FROM released")
    assert released == str(("cases by centre and sex", '{"AB": {"female": 10}, "CD": {"female": "*"}}', "hes"))


def test_a_table_that_differs_by_few_from_the_last_one_is_not_released(world: World) -> None:
    ab = world.registry("AB")
    for k in range(20):
        ab.append(f"AB-{k}", CaseOpened(question="?", sex="male"))
    centres.publish(world.owned(), "sex", role="network lead")
    for k in range(20, 23):
        ab.append(f"AB-{k}", CaseOpened(question="?", sex="male"))
    with pytest.raises(RegistryError, match="differs from this one by 1 to 4 people"):
        centres.publish(world.owned(), "sex", role="network lead")


def test_what_happened_is_counted_but_for_patients_who_refused_an_audit(world: World) -> None:
    ab = world.registry("AB")
    for k in range(14):
        ab.append(f"AB-{k}", CaseOpened(question="?"))
        ab.append(f"AB-{k}", Operation(procedure="resection", on_date=date(2026, 1, 1)))
        if k < 5:
            ab.append(f"AB-{k}", REFUSED.model_copy(update={"scope": "audit"}))
    shown = centres.publish(world.owned(), "milestone", role="network lead")
    assert shown == {"AB": {"operation": 10}}  # 9 of 14, to the nearest 5


def test_cases_of_an_empty_network_are_not_counted(world: World) -> None:
    with pytest.raises(RegistryError, match="no case to count"):
        centres.publish(world.owned(), "milestone", role="network lead")


def test_the_owner_writes_in_no_centre_s_journal(world: World) -> None:
    with pytest.raises(RegistryError, match="begins with the code of this centre"):
        world.owned().append("AB-1", CaseOpened(question="?"))


@pytest.mark.parametrize("table", ["public.journal", "public.case_row"])
def test_a_case_is_found_by_an_index_that_holds_no_other_centre_s_rows(world: World, table: str) -> None:
    asked = f"EXPLAIN (COSTS OFF) SELECT 1 FROM {table} WHERE case_id = 'AB-1'"
    plan = outcome(world, "centre_ab", "SET LOCAL enable_seqscan = off", asked)
    assert "Index Cond: ((held_by = (SESSION_USER)::text) AND (case_id = 'AB-1'::text))" in plan


def test_the_last_entry_is_found_by_an_index_without_sorting_the_others(world: World) -> None:
    off = [f"SET LOCAL enable_{way} = off" for way in ("seqscan", "bitmapscan", "sort")]
    asked = "EXPLAIN (COSTS OFF) SELECT id, chain FROM public.journal ORDER BY id DESC LIMIT 1"
    plan = outcome(world, "centre_ab", *off, asked)
    assert "Index Scan Backward using journal_pkey" in plan
    assert "Sort" not in plan


def test_the_commands_set_up_list_and_publish(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    owner = world.cluster.local(world.name, "owner")
    assert cli_registry.set_up_centres(owner, ["AB"]) == 0
    assert "AB: role centre_ab, case ids AB-..." in capsys.readouterr().out
    ab = world.registry("AB")
    for event in (CaseOpened(question="?", sex="male"), AGREED):
        ab.append("AB-1", event)
    cli_registry.shared(world.cluster.remote(world.name, "centre_cd", PASSWORD))
    assert capsys.readouterr().out == "AB-1\n"
    cli_registry.publish(owner, "sex", role="network lead")
    assert capsys.readouterr().out == "AB: male *\n"
    with pytest.raises(typer.BadParameter, match="counted by sex, age_band, milestone"):
        cli_registry.publish(owner, "diagnosis", role="network lead")


def test_a_centre_runs_no_migration_and_the_owner_s_leaves_all_as_it_was(world: World) -> None:
    registries = {code: world.registry(code) for code in ("AB", "CD")}
    for code, registry in registries.items():
        registry.append(f"{code}-1", CaseOpened(question="?"))
    address = world.cluster.remote(world.name, "centre_ab", PASSWORD)
    with world.connect("owner") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    with pytest.raises(RegistryError, match="of revision 0002; the role that owns them brings them up to date"):
        Registry.open(address)
    centres.establish(world.cluster.local(world.name, "owner"), CODES)
    for code in registries:
        registry = world.registry(code)
        registry.append(f"{code}-1", DECIDED)
        assert (registry.case(f"{code}-1").version, registry.verify()) == (2, [])
        seen = outcome(world, centres.role_of(code), "SELECT case_id, version FROM case_row")
        assert seen == str((f"{code}-1", 2))


def test_what_is_the_owner_s_a_centre_may_not_do(world: World) -> None:
    address, ab = world.cluster.remote(world.name, "centre_ab", PASSWORD), world.registry("AB")
    with pytest.raises(RegistryError, match="by the role that owns the database"):
        centres.establish(address, ["AB"])
    with pytest.raises(RegistryError, match="by the role that owns the database"):
        centres.publish(ab, "sex", role="lead")
    with pytest.raises(RegistryError, match="by the role that owns the database"):
        centres.verify_each(ab)


def test_the_owner_verifies_each_centre_s_journal_apart(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for code in ("AB", "CD"):
        registry = world.registry(code)
        for event in (CaseOpened(question="?"), DECIDED, DECIDED):
            registry.append(f"{code}-1", event)
        registry.checkpoint()
    owned = world.owned()
    for _ in range(2):
        assert centres.verify_each(owned) == {"centre_ab": [], "centre_cd": []}
    assert owned.cases() == ["AB-1", "CD-1"]
    with world.connect("owner") as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM journal WHERE case_id = 'CD-1' AND version = 3")
    found = ["a checkpoint was made at entry 3; the journal ends at entry 2"]
    assert centres.verify_each(world.owned()) == {"centre_ab": [], "centre_cd": found}
    assert world.registry("CD").verify() == found
    assert cli_registry.verify(world.cluster.local(world.name, "owner"), each_centre=True) == 1
    assert capsys.readouterr().out == f"centre_cd: {found[0]}\n"


def test_a_centre_may_join_later(world: World) -> None:
    ab = world.registry("AB")
    ab.append("AB-1", CaseOpened(question="?"))
    made = centres.establish(world.cluster.local(world.name, "owner"), ["XY"])
    assert made.centres == {"XY": "centre_xy"}
    ab.append("AB-1", DECIDED)
    assert (ab.verify(), ab.case("AB-1").version) == ([], 2)


def test_a_registry_with_entries_is_not_made_a_network_s(cluster: Cluster) -> None:
    as_administrator(cluster, "CREATE DATABASE used OWNER owner TEMPLATE migrated")
    address = cluster.local("used", "owner")
    registry = Registry.open(address)
    registry.append("case-1", CaseOpened(question="?"))
    registry.close()
    with pytest.raises(RegistryError, match="expected an empty registry"):
        centres.establish(address, ["AB"])


@pytest.mark.parametrize("more", ["BYPASSRLS", "SUPERUSER", "CREATEROLE", "IN ROLE owner"])
def test_a_role_that_may_do_more_than_a_centre_is_not_taken(cluster: Cluster, more: str) -> None:
    code = f"X{abs(hash(more)) % 10**6}"
    name = f"more{code.lower()}"
    as_administrator(
        cluster,
        f"CREATE DATABASE {name} OWNER owner TEMPLATE migrated",
        f"CREATE ROLE centre_{code.lower()} LOGIN {more}",
    )
    with pytest.raises(RegistryError, match="may do more than a centre may, or belongs to another role"):
        centres.establish(cluster.local(name, "owner"), [code])


def test_an_owner_who_may_make_no_roles_changes_nothing(cluster: Cluster) -> None:
    as_administrator(
        cluster, f"CREATE ROLE modest LOGIN PASSWORD '{PASSWORD}'", "CREATE DATABASE modest OWNER modest"
    )
    address = cluster.remote("modest", "modest", PASSWORD)
    with pytest.raises(RegistryError, match=r"no centre was set up: .* \(InsufficientPrivilege\)"):
        centres.establish(address, ["QQ"])
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT to_regnamespace('network')").fetchone() == (None,)


@pytest.mark.parametrize("code", ["ab", "A", "AB'; DROP", "ABCDEFGHI", "A-B"])
def test_a_code_that_is_none_is_refused(code: str) -> None:
    with pytest.raises(RegistryError, match="2 to 8 capital letters and digits"):
        centres.role_of(code)


def test_a_session_by_tls_is_encrypted_and_its_server_known(world: World) -> None:
    query = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    assert outcome(world, "centre_ab", query) == "(True, 'TLSv1.3')"


def test_a_server_with_a_certificate_of_another_authority_is_refused(world: World, tmp_path: Path) -> None:
    postgresql.certify(tmp_path, "localhost")
    address = world.cluster.remote(world.name, "centre_ab", PASSWORD, sslrootcert=str(tmp_path / "root.crt"))
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(address)
    with pytest.raises(RegistryError, match="server cannot be reached"):
        Registry.open(address)


def test_a_server_under_another_name_than_its_certificate_s_is_refused(world: World) -> None:
    address = world.cluster.remote(world.name, "centre_ab", PASSWORD).replace("@localhost", "@127.0.0.1")
    with pytest.raises(psycopg.OperationalError, match=r'does not match host name "127\.0\.0\.1"'):
        psycopg.connect(address)


def test_a_session_without_tls_is_refused_by_the_server(world: World) -> None:
    address = world.cluster.remote(world.name, "centre_ab", PASSWORD, sslmode="disable")
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(address)


def test_a_wrong_password_is_refused(world: World) -> None:
    address = world.cluster.remote("one", "centre_ab", "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address)

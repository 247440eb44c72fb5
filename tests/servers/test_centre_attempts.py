"""What a centre may not read, write or find out of another, it tries to; and so does the network's role."""

from typing import Any

import psycopg
import pytest

from sarcoma_review.registry import CaseOpened
from sarcoma_review.registry.chain import entry_hash, link
from sarcoma_review.registry.entries import canonical
from sarcoma_review.registry.tables import JOURNAL, METADATA
from tests.servers.network import DECIDED, SECRET, World, fill, make_world, now, outcome
from tests.servers.postgresql import Cluster

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def twins(cluster: Cluster) -> tuple[World, World]:
    """Two networks that differ in nothing but what CD wrote."""
    one, two = make_world(cluster, "one"), make_world(cluster, "two")
    fill(one, "CD-7", SECRET, dissent=True)
    fill(two, "CD-8", "a keen swimmer", dissent=False)
    return one, two


EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF, VERBOSE) "
BY_INDEX = "SET LOCAL enable_seqscan = off"
PROBES: dict[str, tuple[str, ...]] = {
    "row": ("SELECT * FROM journal",),
    "row by its case": ("SELECT body FROM journal WHERE case_id = 'CD-7'",),
    "row by its place on the disk": ("SELECT body FROM public.journal WHERE ctid = '(0,3)'",),
    "count": ("SELECT count(*) FROM journal WHERE case_id = 'CD-7'",),
    "greatest id": ("SELECT max(case_id) FROM journal",),
    "whole row as json": ("SELECT to_jsonb(j) FROM journal j",),
    "aggregate": ("SELECT string_agg(body, '') FROM journal",),
    "sample": ("SELECT * FROM public.journal TABLESAMPLE SYSTEM (100)",),
    "join": ("SELECT * FROM case_row JOIN milestone_row USING (case_id)",),
    "lateral join": ("SELECT * FROM case_row c, LATERAL (SELECT body FROM journal j WHERE j.case_id = c.case_id) x",),
    "sub-select": ("SELECT EXISTS (SELECT FROM opened_row WHERE site LIKE '%ballet%')",),
    "materialised query": ("WITH x AS MATERIALIZED (SELECT * FROM decision_row) SELECT * FROM x WHERE dissent",),
    "function that runs a query": ("SELECT query_to_xml('SELECT * FROM public.journal', true, true, '')",),
    "function that dumps a schema": ("SELECT schema_to_xml('public', true, true, '')",),
    "function over words": ("SELECT * FROM ts_stat('SELECT to_tsvector(body) FROM public.journal') ORDER BY word",),
    "cursor": ("DECLARE c CURSOR FOR SELECT * FROM journal", "FETCH ALL FROM c"),
    "prepared statement": (
        "SET LOCAL plan_cache_mode = force_generic_plan",
        "PREPARE p (text) AS SELECT body FROM journal WHERE case_id = $1",
        "EXECUTE p ('CD-7')",
    ),
    "block of code": (
        "DO $$ DECLARE x record; BEGIN FOR x IN SELECT body FROM journal LOOP RAISE NOTICE '%', x.body; END LOOP; "
        "END $$",
    ),
    "error of a division": ("SELECT 1 / (CASE WHEN body LIKE '%ballet%' THEN 0 ELSE 1 END) > 9 FROM journal",),
    "error of a cast": ("SELECT 1 FROM journal WHERE case_id LIKE 'CD%' AND body::integer > 0",),
    "copy": ("COPY public.journal TO STDOUT",),
    "copy of a query": ("COPY (SELECT * FROM milestone_row) TO STDOUT",),
    "update returning": ("UPDATE case_row SET opened_at = opened_at RETURNING *",),
    "delete returning": ("DELETE FROM milestone_row RETURNING *",),
    "delete counting": ("DELETE FROM case_row WHERE case_id = 'CD-7'",),
    "insert from a query": (
        "INSERT INTO finding_row SELECT 'AB-1', 90 + row_number() OVER (), 1, 'r', body FROM public.journal "
        "RETURNING *",
    ),
    "merge": (
        "MERGE INTO case_row c USING (SELECT 'CD-7' AS id) x ON c.case_id = x.id "
        "WHEN MATCHED THEN UPDATE SET version = 99",
    ),
    "lock of a row": ("SELECT * FROM case_row FOR UPDATE",),
    "conflict on a case": ("INSERT INTO case_row VALUES ('CD-7', 1, 't') ON CONFLICT DO NOTHING",),
    "conflict that updates": (
        "INSERT INTO case_row VALUES ('CD-7', 1, 't') ON CONFLICT (held_by, case_id) DO UPDATE SET version = 99 "
        "RETURNING version",
    ),
    "conflict that is an error": ("INSERT INTO case_row VALUES ('CD-7', 1, 't')",),
    "checkpoints": ("SELECT * FROM checkpoint",),
    "log of releases": ("SELECT * FROM release_log",),
    "explain analyse, by case": (EXPLAIN + "SELECT 1 FROM public.journal WHERE case_id = 'CD-7'",),
    "explain analyse, by index": (BY_INDEX, EXPLAIN + "SELECT 1 FROM public.journal WHERE case_id = 'CD-7'"),
    "explain analyse, by the text": (
        BY_INDEX,
        EXPLAIN + "SELECT 1 FROM public.journal WHERE case_id >= 'CD' AND strpos(body, 'ballet') > 0",
    ),
    "explain analyse, by a comparison": (EXPLAIN + "SELECT 1 FROM public.opened_row WHERE site < 'a c'",),
    "explain analyse, by a kind": (BY_INDEX, EXPLAIN + "SELECT 1 FROM milestone_row WHERE type = 'metastasis'"),
    "explain analyse, by a bare yes or no": (EXPLAIN + "SELECT 1 FROM decision_row WHERE dissent",),
    "explain analyse, by a place on the disk": (
        EXPLAIN + "SELECT 1 FROM decision_row WHERE ctid = '(0,2)' AND dissent",
    ),
    "explain analyse, by a join": (
        "SET LOCAL enable_hashjoin = off",
        EXPLAIN + "SELECT 1 FROM (VALUES ('a c'), ('a z')) v(x) JOIN opened_row ON site > v.x",
    ),
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES.keys())
def test_a_centre_learns_nothing_by_which_it_could_tell_two_networks_apart(
    twins: tuple[World, World], probe: tuple[str, ...]
) -> None:
    seen = [outcome(world, "centre_ab", *probe) for world in twins]
    assert seen[0] == seen[1]
    assert SECRET not in seen[0]
    # The probe is one that shows: the owner, whom no policy holds back, sees the two apart.
    assert len({outcome(world, "owner", *probe) for world in twins}) == 2


def test_the_planner_keeps_no_values_of_protected_rows_and_counts_no_centre_apart(twins: tuple[World, World]) -> None:
    kept = "SELECT DISTINCT starelid::regclass::text FROM pg_statistic JOIN pg_class c ON c.oid = starelid "
    tables = "', '".join(METADATA.tables)
    assert outcome(twins[0], "registry", f"{kept} WHERE relname IN ('{tables}')") == ""
    assert outcome(twins[0], "registry", f"{kept} WHERE relname = 'pg_class'") != ""
    assert outcome(twins[0], "centre_ab", f"SELECT * FROM pg_stats WHERE tablename IN ('{tables}')") == ""


def test_every_index_of_a_protected_table_begins_with_whose_the_row_is(twins: tuple[World, World]) -> None:
    tables = "', '".join(METADATA.tables)
    query = (
        "SELECT c.relname, a.attname, c.relrowsecurity FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] "
        f"WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN ('{tables}')"
    )
    found = set(outcome(twins[0], "registry", query).splitlines())
    assert found == {str((table, "held_by", True)) for table in METADATA.tables}


def test_a_centre_s_journal_has_the_columns_of_every_other(twins: tuple[World, World]) -> None:
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'network' AND table_name = "
    found = outcome(twins[0], "registry", query + "'journal'").splitlines()
    assert sorted(found) == sorted(str((column.name,)) for column in JOURNAL.columns)


DENIED = "permission denied|must be owner|must be superuser|must have|only role|only superuser|must be a member"
POLICY = "row-level security"
ATTEMPTS: dict[str, tuple[str, str]] = {
    "become the other centre": ("SET ROLE centre_cd", DENIED),
    "become the other centre for the session": ("SET SESSION AUTHORIZATION centre_cd", DENIED),
    "become the owner": ("SET ROLE owner", DENIED),
    "join the other centre": ("GRANT centre_cd TO centre_ab", DENIED),
    "pass by the policies": ("ALTER ROLE centre_ab BYPASSRLS", DENIED),
    "give the other centre a password": ("ALTER ROLE centre_cd PASSWORD 'x'", DENIED),
    "lead the other centre astray": ("ALTER ROLE centre_cd SET search_path = pg_temp", DENIED),
    "make a role": ("CREATE ROLE centre_zz", DENIED),
    "switch policies off for oneself": ("SET row_security = off; SELECT * FROM public.journal", POLICY),
    "switch policies off": ("ALTER TABLE journal DISABLE ROW LEVEL SECURITY", DENIED),
    "drop a policy": ("DROP POLICY own ON case_row", DENIED),
    "change a policy": ("ALTER POLICY own ON case_row USING (true)", DENIED),
    "add a policy": ("CREATE POLICY mine ON case_row USING (true)", DENIED),
    "update the journal": ("UPDATE public.journal SET body = '{}'", DENIED),
    "update the journal through its view": ("UPDATE journal SET body = '{}'", "cannot update view"),
    "insert into the journal's view": ("INSERT INTO network.journal (id) VALUES (1)", "cannot insert into view"),
    "delete from the journal": ("DELETE FROM public.journal", DENIED),
    "empty the journal": ("TRUNCATE public.journal", DENIED),
    "empty the projections": ("TRUNCATE case_row", DENIED),
    "change a checkpoint": ("UPDATE checkpoint SET chain = ''", DENIED),
    "unwrite a release": ("DELETE FROM release_log", DENIED),
    "change the revision": ("UPDATE alembic_version SET version_num = '0001'", DENIED),
    "name another holder": ("INSERT INTO checkpoint (sequence, chain, made_at, held_by) "
                            "VALUES (1, '', '', 'centre_cd')", DENIED),
    "name another holder of a case": ("INSERT INTO case_row (case_id, version, opened_at, held_by) "
                                      "VALUES ('AB-9', 1, '', 'centre_cd')", DENIED + "|non-DEFAULT"),
    "write a row of the other centre": ("INSERT INTO margin_row VALUES ('CD-7', 1, 1, 'planned', 'a')", POLICY),
    "write a finding of the other centre": ("INSERT INTO finding_row VALUES ('CD-7', 0, 1, 'r', 't')", POLICY),
    "open a row in another name": ("INSERT INTO opened_row VALUES ('AB-9', 1, 'CD')", POLICY),
    "hand a row over": ("UPDATE case_row SET case_id = 'CD-9'", POLICY),
    "change a holder": ("UPDATE case_row SET held_by = 'centre_cd'", DENIED + "|can only be updated to DEFAULT"),
    "share a case by hand": ("INSERT INTO network.shared_entry DEFAULT VALUES", DENIED),
    "unshare a case by hand": ("DELETE FROM network.shared_entry", DENIED),
    "copy into the journal": ("COPY public.journal (id) FROM STDIN", POLICY + "|permission denied"),
    "copy to a program": ("COPY public.journal TO PROGRAM 'cat'", DENIED),
    "copy to a file": ("COPY public.journal TO 'out'", DENIED),
    "read the server's files": ("SELECT pg_read_file('postgresql.conf')", DENIED),
    "list the server's files": ("SELECT pg_ls_dir('base')", DENIED),
    "read a file into a large object": ("SELECT lo_import('/etc/hostname')", DENIED),
    "read all large objects": ("SELECT * FROM pg_largeobject", DENIED),
    "read the statistics": ("SELECT * FROM pg_statistic", DENIED),
    "read the passwords": ("SELECT * FROM pg_authid", DENIED),
    "make a function that is searched first": ("CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql "
                                               "AS $$ SELECT 'centre_cd' $$", DENIED),
    "make a function beside the tables": ("CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql "
                                          "AS $$ SELECT 'centre_cd' $$", DENIED),
    "replace the function of the holder": ("CREATE OR REPLACE FUNCTION network.holder(text) RETURNS text "
                                           "LANGUAGE sql AS $$ SELECT 'centre_cd' $$", DENIED),
    "make a table that is searched first": ("CREATE TEMPORARY TABLE journal (id integer)", DENIED),
    "make a view": ("CREATE VIEW public.all_of_it AS SELECT * FROM public.journal", DENIED),
    "make a foreign key that looks past the policies": ("CREATE TABLE public.p (h text, c text, "
                                                        "FOREIGN KEY (h, c) REFERENCES case_row)", DENIED),
    "make an operator": ("CREATE OPERATOR public.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)", DENIED),
    "make a schema": ("CREATE SCHEMA mine", DENIED),
    "make an extension": ("CREATE EXTENSION pgcrypto", DENIED),
    "make an index": ("CREATE INDEX ON public.journal (body)", DENIED),
    "make statistics": ("CREATE STATISTICS public.s ON case_id, kind FROM public.journal", DENIED),
    "set a trigger": ("CREATE TRIGGER t AFTER INSERT ON journal EXECUTE FUNCTION refuse_change()", DENIED),
    "set a rule": ("CREATE RULE r AS ON INSERT TO case_row DO ALSO NOTHING", DENIED),
    "drop a trigger": ("DROP TRIGGER admit_entry ON public.journal", DENIED),
    "switch triggers off": ("ALTER TABLE public.journal DISABLE TRIGGER ALL", DENIED),
    "switch triggers off for oneself": ("SET session_replication_role = replica", DENIED),
    "lock the others out of the journal": ("LOCK TABLE public.journal IN ACCESS EXCLUSIVE MODE", DENIED),
    "ask for the value of a sequence": ("SELECT currval('public.release_log_id_seq')", DENIED),
    "read a sequence": ("SELECT last_value FROM network.shared_entry_number_seq", DENIED),
    "draw from a sequence": ("SELECT nextval('network.shared_entry_number_seq')", DENIED),
    "ask what another's patient said": ("SELECT network.is_to_be_shared('CD-7')", DENIED),
    "read a foreign server": ("CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw", DENIED + "|does not exist"),
    "subscribe to changes": ("SELECT pg_create_logical_replication_slot('s', 'pgoutput')", DENIED),
    "tell the server to cancel": ("SELECT pg_reload_conf()", DENIED),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "words"), ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_a_centre_is_refused(twins: tuple[World, World], statement: str, words: str) -> None:
    with twins[0].connect("centre_ab") as connection, pytest.raises(psycopg.Error, match=words):
        connection.execute(statement)


@pytest.mark.parametrize("role", ["centre_ab", "network_reader"])
def test_another_session_is_neither_read_nor_ended(twins: tuple[World, World], role: str) -> None:
    with twins[0].connect("centre_cd") as other, twins[0].connect(role) as connection:
        other.execute("SELECT 'CD-7'")
        number = other.info.backend_pid
        seen = connection.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [number]).fetchall()
        assert seen == [("<insufficient privilege>",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be a member"):
            connection.execute("SELECT pg_terminate_backend(%s)", [number])


def test_a_large_object_is_read_by_its_centre_alone(twins: tuple[World, World]) -> None:
    with twins[0].connect("centre_cd") as mine:
        number = mine.execute("SELECT lo_from_bytea(0, 'ours')").fetchone()
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="large object")
    with twins[0].connect("centre_ab") as other, refused:
        other.execute("SELECT lo_get(%s)", number)


def entry(**changed: Any) -> dict[str, Any]:
    """An entry that follows the two of AB, but for what is changed: after hashing, by a name with `_after`."""
    after = {name.removesuffix("_after"): changed.pop(name) for name in list(changed) if name.endswith("_after")}
    values = {"id": 3, "case_id": "AB-9", "version": 1, "kind": "case_opened", "recorded_at": now().isoformat()}
    values |= {"author": "", "body": canonical(CaseOpened(question="?", centre="AB")), "previous_hash": ""}
    before = changed.pop("before", _head_of_ab())
    values |= changed
    place: Any = [values[name] for name in ("case_id", "version", "recorded_at")]
    text: Any = {"body": values["body"], "previous": values["previous_hash"], "author": values["author"]}
    own = entry_hash(*place, **text)
    return values | {"hash": own, "chain": link(before, own)} | after


def _head_of_ab() -> str:
    """The chain of the two entries that `fill` writes for AB."""
    own = {"case_id": "AB-1", "recorded_at": now().isoformat()}
    opened = entry_hash(**own, version=1, body=canonical(CaseOpened(question="ours", centre="AB")), previous="")
    decided = entry_hash(**own, version=2, body=canonical(DECIDED), previous=opened)
    return link(link("", opened), decided)


def insert(world: World, values: dict[str, Any], table: str) -> None:
    names, places = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    with world.connect("centre_ab") as connection:
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", values)
        connection.rollback()


def test_an_entry_that_follows_is_admitted(twins: tuple[World, World]) -> None:
    insert(twins[0], entry(), "public.journal")
    insert(
        twins[0], entry(author="surgeon-2", body=canonical(CaseOpened(question='Ä "\\/\x7f\t?'))), "public.journal"
    )


FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "another centre's case": ({"case_id": "CD-9"}, "begins with the code of this centre"),
    "a case of no centre": ({"case_id": "9"}, "begins with the code of this centre"),
    "a code and no more": ({"case_id": "AB"}, "begins with the code of this centre"),
    "in the name of another centre": (
        {"body": canonical(CaseOpened(question="?", centre="CD"))},
        "in the name of this centre alone",
    ),
    "a kind its text does not say": ({"kind": "outcome"}, "is the one its text says"),
    "a version left out": ({"version": 2}, "does not follow the last one of its case"),
    "a case written anew": ({"case_id": "AB-1"}, "does not follow the last one of its case"),
    "a false start": ({"previous_hash": "0" * 64}, "does not follow the last one of its case"),
    "a text changed after hashing": ({"author_after": "chair"}, "does not fit its hash"),
    "a number left out": ({"id": 4}, "does not follow the last one of this centre"),
    "a number used before": ({"id": 2}, "does not follow the last one of this centre"),
    "a number below all": ({"id": -5}, "does not follow the last one of this centre"),
    "a chain of one's own": ({"before": "0" * 64}, "does not follow the last one of this centre"),
    "a text that is none": ({"body": "hello"}, "the text of an entry cannot be read"),
}


@pytest.mark.parametrize(("changed", "words"), FORGED.values(), ids=FORGED.keys())
def test_a_forged_entry_is_refused(twins: tuple[World, World], changed: dict[str, Any], words: str) -> None:
    with pytest.raises(psycopg.Error, match=words):
        insert(twins[0], entry(**changed), "public.journal")


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_checkpoint_of_another_chain_is_refused(twins: tuple[World, World], sequence: int) -> None:
    values = {"sequence": sequence, "chain": "0" * 64, "made_at": now().isoformat()}
    with pytest.raises(psycopg.Error, match="an entry of this centre and its chain"):
        insert(twins[0], values, "checkpoint")


READABLE = [*METADATA.tables, "alembic_version", "network.journal", "network.shared_entry", "pg_statistic"]


@pytest.mark.parametrize("table", READABLE)
def test_the_network_s_role_reads_no_row_of_any_table(twins: tuple[World, World], table: str) -> None:
    with twins[0].connect("network_reader") as connection, pytest.raises(psycopg.Error, match="permission denied"):
        connection.execute(f"SELECT 1 FROM {table if '.' in table or table.startswith('pg_') else f'public.{table}'}")

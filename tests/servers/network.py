"""A network's registry on a real server: six centres, each by TLS with a role of its own."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from sarcoma_review.registry import CaseOpened, Decision, Outcome, Registry, centres
from sarcoma_review.registry.release import release
from tests.servers.postgresql import Cluster

CODES = ("AB", "CD", "EF", "GH", "JK", "LM")
PASSWORD = "correct-horse"
SECRET = "a ballet dancer"
DECIDED = Decision(modality="surgery", decision="resection")


def now() -> datetime:
    return datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def as_administrator(cluster: Cluster, *statements: str) -> None:
    with psycopg.connect(cluster.local("postgres", "registry"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@dataclass(frozen=True)
class World:
    """A network's registry, under a name of its own."""

    cluster: Cluster
    name: str
    opened: list[Registry] = field(default_factory=list)

    def registry(self, code: str) -> Registry:
        return self._open(self.cluster.remote(self.name, centres.role_of(code), PASSWORD))

    def owned(self) -> Registry:
        return self._open(self.cluster.local(self.name, "owner"))

    def _open(self, address: str) -> Registry:
        self.opened.append(Registry.open(address, clock=now))
        return self.opened[-1]

    def close(self) -> None:
        for registry in self.opened:
            registry.close()

    def connect(self, role: str) -> "psycopg.Connection[Any]":
        """The owner by the socket, all others by TLS and a password."""
        if role in ("owner", "registry"):
            return psycopg.connect(self.cluster.local(self.name, role))
        return psycopg.connect(self.cluster.remote(self.name, role, PASSWORD))


def make_world(cluster: Cluster, name: str) -> World:
    as_administrator(cluster, f"CREATE DATABASE {name} OWNER owner TEMPLATE migrated")
    network = centres.establish(cluster.local(name, "owner"), CODES)
    as_administrator(
        cluster, *(f"ALTER ROLE {role} PASSWORD '{PASSWORD}'" for role in (*network.centres.values(), network.reader))
    )
    return World(cluster, name)


def fill(world: World, case_id: str, question: str, *, dissent: bool) -> World:
    """One case of AB, and of CD as many rows in each table, whatever they say."""
    ab, cd = world.registry("AB"), world.registry("CD")
    ab.append("AB-1", CaseOpened(question="ours", centre="AB"))
    ab.append("AB-1", DECIDED)
    cd.append(case_id, CaseOpened(question=question, centre="CD", site=question))
    cd.append(case_id, Decision(modality="surgery", decision=question, dissent=question if dissent else None))
    seen = date(2026, 1, 2 if dissent else 3)
    cd.append(case_id, Outcome(type="metastasis" if dissent else "local_recurrence", on_date=seen))
    cd.checkpoint()
    release(cd, f"{question} cases", [10 if dissent else 30, 40], role="lead")
    world.close()
    with world.connect("registry") as connection:
        connection.execute("ANALYZE")
    return world


def outcome(world: World, role: str, *statements: str) -> str:
    """All that a role learns from statements: rows, words of errors, notices; nothing stays written."""
    learnt: list[str] = []
    with world.connect(role) as connection:
        connection.add_notice_handler(lambda diagnostic: learnt.append(str(diagnostic.message_primary)))
        try:
            for statement in statements:
                learnt += _rows(connection, statement)
        except psycopg.Error as problem:
            learnt.append(f"{type(problem).__name__}: {problem}")
        connection.rollback()
    return "\n".join(learnt)


def _rows(connection: "psycopg.Connection[Any]", statement: str) -> list[str]:
    cursor = connection.cursor()
    if statement.startswith("COPY"):
        with cursor.copy(statement) as copy:
            return [bytes(part).decode() for part in copy]
    cursor.execute(statement)
    return [str(row) for row in cursor.fetchall()] if cursor.description else [f"{cursor.rowcount} row(s)"]

"""Several centres in one PostgreSQL: a role for each, which reads and writes its own rows by row-level security.

A centre reads besides the cases whose patients agreed to sharing, and the network's role only what was released after
suppression. The chain of hashes runs through the entries of each centre apart: each can verify its own journal, and a
chain tells nothing of another. `docs/network-registry.md` says what this keeps and what it does not.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Connection, select

from sarcoma_review.errors import RegistryError
from sarcoma_review.outcomes.disclosure import Cell, Rule
from sarcoma_review.registry.chain import problems
from sarcoma_review.registry.cohort import NOT_RECORDED, Snapshot, snapshot
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.release import release
from sarcoma_review.registry.row_security import NETWORK_ROLE, of_roles, of_tables
from sarcoma_review.registry.store import is_server, open_engine, writing
from sarcoma_review.registry.tables import CHECKPOINT, JOURNAL

Counted = Literal["sex", "age_band", "milestone"]
"""What the cases of the network are counted by: sets with few and known values, as free text could name a patient."""
_CODE = re.compile(r"[A-Z0-9]{2,8}")


@dataclass(frozen=True)
class Network:
    """Who may log in.

    Parameters
    ----------
    centres : dict of str to str
        Role by code of the centre.
    reader : str
        The role that reads what was released.
    """

    centres: dict[str, str]
    reader: str


def role_of(code: str) -> str:
    """The role a centre logs in by.

    Raises
    ------
    RegistryError
        If the code is not of 2 to 8 capital letters and digits.

    Examples
    --------
    >>> role_of("RNOH")
    'centre_rnoh'
    """
    if not _CODE.fullmatch(code):
        raise RegistryError(
            f"the code of a centre is 2 to 8 capital letters and digits; found {len(code)} characters"
        )
    return f"centre_{code.lower()}"


def establish(address: str, codes: Sequence[str]) -> Network:
    """Make a PostgreSQL registry one of several centres, or bring it up to date and add centres.

    Migrations run here, by the owner; a centre's role can change no table. A role that is not there yet is made
    without a password and cannot log in by one until an administrator sets it.

    Parameters
    ----------
    address : str
        ``postgresql://...`` of the database, with the role that owns it and may make roles.
    codes : sequence of str
        Of the centres, as in ``CaseOpened.centre``; ids of their cases begin with them and a hyphen.

    Raises
    ------
    RegistryError
        If the role does not own the database or may not make roles, the registry holds entries from before, a code
        is none, or a role that is there already may do more than a centre may.
    """
    roles = {code: role_of(code) for code in codes}
    if not is_server(address):
        raise RegistryError("a registry of several centres lies in PostgreSQL: expected postgresql://...")
    engine = open_engine(address)
    try:
        with writing(engine) as connection:
            _require_owner(connection)
            _require_empty_or_established(connection)
            _run(connection, *of_tables(connection), *of_roles(connection, roles.values()))
    except engine.dialect.loaded_dbapi.Error as problem:
        kind = type(problem).__name__
        raise RegistryError(f"no centre was set up: the server refuses what this needs ({kind})") from None
    finally:
        engine.dispose()
    return Network(roles, NETWORK_ROLE)


def shared_cases(registry: Registry) -> list[str]:
    """Ids of the cases that other centres share with this one: `Registry.case` and `Registry.history` read them."""
    query = select(JOURNAL.c.case_id).where(JOURNAL.c.version == 1, JOURNAL.c.id < 0).order_by(JOURNAL.c.id)
    with registry.reading() as connection:
        return [row.case_id for row in connection.execute(query)]


def publish(registry: Registry, by: Counted, *, role: str, rule: Rule = "hes") -> dict[str, dict[str, Cell]]:
    """Count the network's cases, by centre and something else, and release the counts to all after suppression.

    Cases whose patient refused an audit are not counted. The centre of a case is the role that wrote it.

    Parameters
    ----------
    registry : Registry
        Opened by the owner, who alone sees every centre.
    by : {"sex", "age_band", "milestone"}
        Of "milestone", a case counts once under each thing that happened.
    role : str
        Who releases it, in words.
    rule : {"hes", "lp"}

    Raises
    ------
    RegistryError
        If the registry was not opened by the owner, there are no cases, or a table released before differs from this
        one by 1 to 4 people in a cell.
    """
    with registry.reading() as connection:
        _require_owner(connection)
    known = snapshot(registry)
    counts = {code: Counter[str]() for code in sorted({_code(case_id) for case_id in known.opened})}
    if not counts:
        raise RegistryError("no case to count: nothing was released")
    for case_id in known.opened:
        counts[_code(case_id)].update(_values(known, case_id, by))
    labels = sorted(set().union(*counts.values()))
    if not labels:
        raise RegistryError("nothing to count of any case: nothing was released")
    table = {code: {label: found[label] for label in labels} for code, found in counts.items()}
    shown = release(registry, f"cases by centre and {by}", table, role=role, rule=rule)
    return cast("dict[str, dict[str, Cell]]", shown)  # of the shape of the table


def verify_each(registry: Registry) -> dict[str, list[str]]:
    """What does not fit in the journal of each centre, by role; a centre verifies its own with `Registry.verify`.

    Raises
    ------
    RegistryError
        If the registry was not opened by the owner.
    """
    with registry.reading() as connection:
        _require_owner(connection)
        query = "SELECT held_by FROM public.journal UNION SELECT held_by FROM public.checkpoint ORDER BY held_by"
        roles = connection.exec_driver_sql(query).scalars().all()
    return {role: _problems_of(registry, role) for role in roles}


def _problems_of(registry: Registry, role: str) -> list[str]:
    with registry.reading() as connection:
        for table in (JOURNAL, CHECKPOINT):  # a temporary view is found before the table of its name
            one = f"SELECT * FROM public.{table} WHERE held_by = '{role}'"
            connection.exec_driver_sql(f"CREATE TEMPORARY VIEW {table} AS {one}")
        found = list(problems(connection, None))
        connection.rollback()  # and the views are gone
    return found


def _values(known: Snapshot, case_id: str, by: Counted) -> set[str]:
    if by == "milestone":
        return {happening.type for happening in known.happenings[case_id]}
    return {known.opened[case_id][by] or NOT_RECORDED}


def _code(case_id: str) -> str:
    return case_id.partition("-")[0].upper()


def _require_owner(connection: Connection) -> None:
    query = "SELECT pg_get_userbyid(datdba) = SESSION_USER FROM pg_database WHERE datname = current_database()"
    if not connection.exec_driver_sql(query).scalar():
        raise RegistryError("this is done by the role that owns the database; found another one")


def _require_empty_or_established(connection: Connection) -> None:
    # Numbers and chains of a journal that was one centre's do not split into those of several.
    established = connection.exec_driver_sql("SELECT to_regclass('network.shared_entry') IS NOT NULL").scalar()
    if not established and connection.execute(select(JOURNAL.c.id).limit(1)).first():
        raise RegistryError("expected an empty registry; bring cases from before in by a bundle, each centre its own")


def _run(connection: Connection, *statements: str) -> None:
    # Past SQLAlchemy, which sends one statement at a time: the file of functions holds many.
    driver: Any = connection.connection.driver_connection
    for statement in statements:
        driver.execute(statement)

"""A site's own directory: who stands for a destination, by role. None is shipped."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.wording import personal_signs

_KEYS = {"role", "centre", "standing", "reach"}


@dataclass(frozen=True)
class Role:
    """One line of a directory.

    Parameters
    ----------
    role : str
        Such as "spinal surgeon"; never a person.
    centre : str
        As a rule's destination names it.
    standing : str
        Such as "designated"; empty where it is not recorded. It is never read off a list of contacts.
    reach : str
        How to reach the role, such as a ward's desk.
    """

    role: str
    centre: str
    standing: str = ""
    reach: str = ""


@dataclass(frozen=True)
class Directory:
    """Roles of a site, with the day they were right.

    Parameters
    ----------
    as_of, review_due : date
    roles : tuple of Role
    """

    as_of: date
    review_due: date
    roles: tuple[Role, ...]

    def at(self, destination: str) -> list[Role]:
        """The roles of the centres that a rule's destination names."""
        return [role for role in self.roles if role.centre.casefold() in destination.casefold()]

    def notice(self, on: date) -> str:
        """The day it was right, and whether its review is past due on a date."""
        text = f"directory of {self.as_of.day} {self.as_of:%B %Y}"
        return f"{text}: past its review date" if on > self.review_due else text


def read_directory(text: str) -> Directory:
    """Build a directory from the TOML text of a site's own file.

    Raises
    ------
    PathwayError
        If a key is unknown or missing, or a line looks like a person's name, number or address.

    Examples
    --------
    >>> ours = read_directory('''
    ... as_of = 2026-10-01
    ... review_due = 2027-03-31
    ... [[roles]]
    ... role = "referral coordinator"
    ... centre = "RNOH"
    ... ''')
    >>> [role.role for role in ours.at("RNOH, or another centre agreed by the MDT")]
    ['referral coordinator']
    """
    for number, line in enumerate(text.splitlines(), start=1):
        if signs := personal_signs(line):
            raise PathwayError(f"directory line {number}: this looks like {signs[0]}; a directory lists roles")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise PathwayError(f"directory: not TOML: {problem}") from None
    if set(document) != {"as_of", "review_due", "roles"} or not isinstance(document["roles"], list):
        raise PathwayError("directory: expected as_of, review_due and [[roles]]")
    days = document["as_of"], document["review_due"]
    if any(not isinstance(day, date) or isinstance(day, datetime) for day in days):
        raise PathwayError("directory: as_of and review_due are dates such as 2026-03-31, without quotes")
    return Directory(*days, tuple(_role(entry, n) for n, entry in enumerate(document["roles"], start=1)))


def _role(entry: Mapping[str, Any], number: int) -> Role:
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise PathwayError(f"directory, role {number}: unknown key {', '.join(unknown)}; roles only, never people")
    if not {"role", "centre"} <= set(entry) or not all(isinstance(text, str) and text for text in entry.values()):
        raise PathwayError(f"directory, role {number}: expected texts, role and centre among them")
    return Role(**entry)

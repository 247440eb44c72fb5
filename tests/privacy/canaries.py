"""Planted identifiers: each unique, each noted with its kind, and never shown by a test."""

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

How = Literal["word", "digits", "exact"]
CONSONANTS, VOWELS = "bdfgjklmnprstvz", "aeiou"
SAFE_ROOT = "1.2.826.0.1.3680043.9.7777"
TEXT = frozenset(("LO", "SH", "ST", "LT", "UT", "UC"))


@dataclass(frozen=True)
class Canary:
    """One planted identifier; its value is not part of its representation."""

    kind: str
    how: How
    value: str = field(repr=False)


@dataclass
class Planter:
    """Makes canaries from a seed and remembers them."""

    seed: int
    planted: list[Canary] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._counter = itertools.count(self.random.randrange(10_000))

    def note(self, kind: str, how: How, value: str) -> str:
        """Remember one, and give it back."""
        self.planted.append(Canary(kind, how, value))
        return value

    def word(self, kind: str) -> str:
        """A word of 11 letters that stands in no vocabulary; unique by its last letters."""
        number, tail = next(self._counter), ""
        for _ in range(3):
            number, digit = divmod(number, len(CONSONANTS) * len(VOWELS))
            tail += CONSONANTS[digit % len(CONSONANTS)] + VOWELS[digit // len(CONSONANTS)]
        body = "".join(self.random.choice(CONSONANTS) + self.random.choice(VOWELS) for _ in range(2))
        return self.note(kind, "word", f"Q{body}{tail}")

    def digits(self, kind: str, length: int = 9) -> str:
        """A number, such as a hospital writes it."""
        first = self.random.choice("123456789")
        rest = "".join(self.random.choice("0123456789") for _ in range(length - 1))
        return self.note(kind, "digits", first + rest)

    def nhs(self, kind: str) -> str:
        """An NHS number from the range for tests, with the right check digit."""
        while True:
            nine = "999" + "".join(self.random.choice("0123456789") for _ in range(6))
            check = 11 - sum(int(d) * w for d, w in zip(nine, range(10, 1, -1), strict=True)) % 11
            if check != 10:
                return self.note(kind, "digits", nine + str(check % 11))

    def uid(self, kind: str) -> str:
        """An identifier of some hospital's."""
        tail = "".join(self.random.choice("0123456789") for _ in range(14))
        return self.note(kind, "exact", f"{SAFE_ROOT}.1{tail}")

    def day(self, kind: str) -> str:
        """A day of 2019: no shift of more than a year can make it out of another."""
        return self.note(kind, "digits", f"2019{self.random.randint(1, 12):02d}{self.random.randint(1, 28):02d}")

    def moment(self, kind: str) -> str:
        """A day of 2019 with a time of day."""
        day = f"2019{self.random.randint(1, 12):02d}{self.random.randint(1, 28):02d}"
        return self.note(kind, "digits", f"{day}{self.random.randint(8, 17):02d}{self.random.randint(0, 59):02d}31")

    def value(self, kind: str, vr: str) -> object:
        """A value of this VR that carries a canary; None where the VR can carry none."""
        makers: Mapping[str, Callable[[], object]] = {
            "PN": lambda: f"{self.word(kind)}^Una",
            "CS": lambda: self.word(kind).upper(),
            "AE": lambda: self.word(kind).upper(),
            "UR": lambda: f"https://{self.word(kind)}.example/x",
            "UI": lambda: self.uid(kind),
            "DA": lambda: self.day(kind),
            "DT": lambda: self.moment(kind),
            "TM": lambda: "101531",
            "IS": lambda: self.digits(kind),
            "DS": lambda: self.digits(kind),
            "AS": lambda: "094Y",
            "SQ": lambda: Sequence([self.item(kind)]),
        }
        maker = makers.get(vr)
        if maker is not None:
            return maker()
        if vr in TEXT:
            return self.word(kind)
        return self.word(kind).encode() + b"\0" if vr in ("OB", "OW", "UN") else None

    def item(self, kind: str) -> Dataset:
        """An item that holds a name, a number and an identifier."""
        item = Dataset()
        item.CodeMeaning = self.word(kind)
        item.PatientID = self.word(kind)
        item.ReferencedSOPInstanceUID = self.uid(kind)
        return item

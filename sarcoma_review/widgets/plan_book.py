"""The plans under discussion, and every step back from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import Plane, ResectionPlan

MOST_PLANS = 6
MOST_PLANES = 12
_MOST_STEPS = 200


@dataclass(frozen=True, eq=False)
class PlanBook:
    """Alternatives by name, one of them open, as a value: every change gives a new book that remembers the old.

    Parameters
    ----------
    plans : mapping of str to ResectionPlan
    open : str
        The name of the one that is worked on.
    past, future : tuple of (mapping, str)
        What `undone` and `redone` go to.

    Raises
    ------
    PlanError
        If there is no plan, more than 6, or none of the open name.

    Examples
    --------
    >>> book = PlanBook({"A": ResectionPlan([Plane((0, 0, 10), (0, 0, 1), name="proximal")])}, "A")
    >>> book = book.with_plane(Plane((0, 0, 12), (0, 0, 1), name="proximal")).copied()
    >>> book
    <PlanBook A, B (open)>
    >>> float(book.undone().undone().plan.planes[0].point_mm[2])
    10.0
    """

    plans: Mapping[str, ResectionPlan]
    open: str
    past: tuple[tuple[Mapping[str, ResectionPlan], str], ...] = field(default=(), kw_only=True)
    future: tuple[tuple[Mapping[str, ResectionPlan], str], ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if not 1 <= len(self.plans) <= MOST_PLANS:
            raise PlanError(f"1 to {MOST_PLANS} plans can be discussed side by side, got {len(self.plans)}")
        if self.open not in self.plans:
            raise PlanError(f"no plan is called {self.open!r}; there are: {', '.join(self.plans)}")
        object.__setattr__(self, "plans", MappingProxyType(dict(self.plans)))

    @property
    def plan(self) -> ResectionPlan:
        """The one that is worked on."""
        return self.plans[self.open]

    def turned_to(self, name: str) -> "PlanBook":
        """Open another plan; not a step to be undone."""
        return replace(self, open=name)

    def copied(self) -> "PlanBook":
        """Go on with a copy of the open plan under the next free letter."""
        free = next((letter for letter in "ABCDEFGHIJ" if letter not in self.plans), None)
        if free is None:
            raise PlanError("no letter is free for another plan")
        return self._next({**self.plans, free: self.plan}, free)

    def dropped(self) -> "PlanBook":
        """Without the open plan, which must not be the last."""
        rest = {name: plan for name, plan in self.plans.items() if name != self.open}
        if not rest:
            raise PlanError("the last plan stays: add another first")
        return self._next(rest, next(iter(rest)))

    def with_plane(self, plane: Plane) -> "PlanBook":
        """With a plane in the place of that of its name, or added."""
        names = [known.name for known in self.plan.planes]
        if plane.name in names:
            return self.with_planes([plane if known.name == plane.name else known for known in self.plan.planes])
        if len(names) == MOST_PLANES:
            raise PlanError(f"a plan has at most {MOST_PLANES} planes here")
        return self.with_planes([*self.plan.planes, plane])

    def without_plane(self, name: str) -> "PlanBook":
        """Without the plane of a name; the last bound of a plan stays."""
        return self.with_planes([plane for plane in self.plan.planes if plane.name != name])

    def undone(self) -> "PlanBook":
        """One step back; the same book where there is none."""
        if not self.past:
            return self
        plans, name = self.past[-1]
        return PlanBook(plans, name, past=self.past[:-1], future=((self.plans, self.open), *self.future))

    def redone(self) -> "PlanBook":
        """One step forward again; the same book where there is none."""
        if not self.future:
            return self
        plans, name = self.future[0]
        return PlanBook(plans, name, past=(*self.past, (self.plans, self.open)), future=self.future[1:])

    def with_planes(self, planes: Sequence[Plane]) -> "PlanBook":
        """With these planes instead of the open plan's; what else bounds it stays."""
        old = self.plan
        new = ResectionPlan(planes, old.specimen, expansion_mm=old.expansion_mm, spared=old.spared)
        return self._next({**self.plans, self.open: new}, self.open)

    def _next(self, plans: Mapping[str, ResectionPlan], name: str) -> "PlanBook":
        return PlanBook(plans, name, past=(*self.past[-_MOST_STEPS:], (self.plans, self.open)))

    def __repr__(self) -> str:
        names = (f"{name} (open)" if name == self.open else name for name in self.plans)
        return f"<PlanBook {', '.join(names)}>"

"""What is recorded of a margin beside its distance: barrier tissue, Enneking's margin, residual tumour.

None of these follows from a distance, and none is worked out here: they are what a surgeon or a pathologist wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from sarcoma_review.errors import PlanError

Enneking = Literal["intralesional", "marginal", "wide", "radical"]
Residual = Literal["R0", "R1", "R2", "RX"]
Basis = Literal["imaging", "operation", "histology"]

_NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class MarginAssessment:
    """A margin as it was recorded by those who judged it.

    Parameters
    ----------
    basis : {"imaging", "operation", "histology"}
        What was looked at.
    enneking : {"intralesional", "marginal", "wide", "radical"}, optional
        Margin after Enneking (1980); None where nobody recorded it, which is not the same as any of them.
    residual : {"R0", "R1", "R2", "RX"}, optional
        Residual tumour of the UICC, 8th edition, as pathology reported it.
    barriers : mapping of str to str
        Tissue between tumour and cut, such as fascia or periosteum, by the name of the plane or side.

    Raises
    ------
    PlanError
        If a value is none of these, or residual tumour is recorded without histology, which alone can tell it.

    Examples
    --------
    >>> seen = MarginAssessment("histology", enneking="wide", residual="R0", barriers={"posterior": "fascia"})
    >>> seen
    <MarginAssessment by histology: Enneking wide, R0, barrier at posterior: fascia>
    >>> MarginAssessment("imaging")
    <MarginAssessment by imaging: Enneking not recorded, R not recorded, barrier not recorded>
    """

    basis: Basis
    enneking: Enneking | None = field(default=None, kw_only=True)
    residual: Residual | None = field(default=None, kw_only=True)
    barriers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), kw_only=True)

    def __post_init__(self) -> None:
        for what, value, known in (
            ("a basis", self.basis, get_args(Basis)),
            ("Enneking's margin", self.enneking, (None, *get_args(Enneking))),
            ("residual tumour", self.residual, (None, *get_args(Residual))),
        ):
            if value not in known:
                words = ", ".join(str(each) for each in known if each)
                raise PlanError(f"{what} is one of {words}; got {value!r}")
        if self.residual not in (None, "RX") and self.basis != "histology":
            raise PlanError(
                f"residual tumour {self.residual} is told by histology alone; the basis given is {self.basis}"
            )
        object.__setattr__(self, "barriers", MappingProxyType(dict(self.barriers)))

    @property
    def words(self) -> tuple[str, ...]:
        """Each part as it is shown, what nobody recorded included."""
        tissues = "; ".join(f"{where}: {tissue}" for where, tissue in self.barriers.items())
        return (
            f"Enneking {self.enneking or _NOT_RECORDED}",
            self.residual or f"R {_NOT_RECORDED}",
            f"barrier at {tissues}" if tissues else f"barrier {_NOT_RECORDED}",
        )

    def contradictions(self, minimum_mm: float, low_mm: float) -> tuple[str, ...]:
        """Where the record and the distance cannot both be right, as findings; neither is changed.

        Parameters
        ----------
        minimum_mm, low_mm : float
            The least margin and the lower end of its interval.
        """
        if minimum_mm < 0 and self.enneking in ("marginal", "wide", "radical"):
            passes = f"a cut passes {-minimum_mm:.1f} mm into the outlined tumour"
            return (f"recorded as {self.enneking} by {self.basis}, yet {passes}: look at both again",)
        if low_mm > 0 and self.enneking == "intralesional":
            stays = f"the whole interval lies outside the outlined tumour (from {low_mm:.1f} mm)"
            return (f"recorded as intralesional by {self.basis}, yet {stays}: look at both again",)
        return ()

    def __repr__(self) -> str:
        return f"<MarginAssessment by {self.basis}: {', '.join(self.words)}>"

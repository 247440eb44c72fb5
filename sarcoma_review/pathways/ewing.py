"""The local-therapy page of a case for the virtual national Ewing MDT."""

from dataclasses import dataclass, fields, replace
from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.wording import personal_signs

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class EwingLocalTherapy:
    """What a panel asks before it gives its view on local therapy, and what came of it.

    Nothing here is the form of the national meeting, which was not available: the fields are the points at which a
    consensus of 2017 still found variation (staging tests, decision making, definition of response, dose and timing
    of radiotherapy) and the risk markers of EE99 (volume of 200 ml or more; 10 % or more viable cells). Whatever is
    None is not recorded, which is never "no". Texts hold no name, date of birth or number of a person.

    Parameters
    ----------
    site, volume_method, staging_tests, metastases, induction_regimen, radiological_response, response_definition,
    expected_function, radiotherapy_dose, fertility_and_tya, local_surgeon_proposal, local_oncologist_proposal,
    question, panel_view, what_was_done, achieved_margin : str, optional
    volume_ml : float, optional
    induction_cycles : int, optional
    resectable, protons : bool, optional
    expected_margin_mm : mapping by face, as a tuple of (face, mm), optional
    radiotherapy_intended : {"before", "after", "definitive", "none"}, optional
        Before or after surgery, instead of it, or not at all.
    necrosis_percent : float, optional

    Raises
    ------
    PathwayError
        If a number cannot be (a volume or margin below 0, necrosis outside 0 to 100 %), or a text holds an e-mail
        address, a telephone number or a name with a title.

    Examples
    --------
    >>> page = EwingLocalTherapy(site="pelvis, type II", volume_ml=240, question="Surgery, radiotherapy, or both?")
    >>> page.findings()
    ['volume of 240 ml: 200 ml or more was a risk marker in EE99']
    >>> page.rows()[0]
    ('Site', 'pelvis, type II')
    >>> dict(page.rows())["Resectable"]
    'not recorded'
    """

    site: str | None = None
    volume_ml: float | None = None
    volume_method: str | None = None
    metastases: str | None = None
    staging_tests: str | None = None
    induction_regimen: str | None = None
    induction_cycles: int | None = None
    radiological_response: str | None = None
    response_definition: str | None = None
    resectable: bool | None = None
    expected_margin_mm: tuple[tuple[str, float], ...] | None = None
    expected_function: str | None = None
    radiotherapy_intended: Literal["before", "after", "definitive", "none"] | None = None
    radiotherapy_dose: str | None = None
    protons: bool | None = None
    fertility_and_tya: str | None = None
    local_surgeon_proposal: str | None = None
    local_oncologist_proposal: str | None = None
    question: str | None = None
    panel_view: str | None = None
    what_was_done: str | None = None
    necrosis_percent: float | None = None
    achieved_margin: str | None = None

    def __post_init__(self) -> None:
        for name, most in (("volume_ml", float("inf")), ("induction_cycles", 100), ("necrosis_percent", 100)):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                raise PathwayError(f"{name}: expected a number from 0 to {most:g}, found {value:g}")
        for face, margin_mm in self.expected_margin_mm or ():
            if not 0 <= margin_mm < float("inf"):
                raise PathwayError(f"expected margin, {face}: expected 0 mm or more, found {margin_mm:g} mm")
        for name, text in self._texts():
            if signs := personal_signs(text):
                raise PathwayError(f"{name}: expected roles and no person, found what looks like {signs[0]}")
        if self.radiotherapy_intended not in (None, *INTENDED):
            raise PathwayError(f"radiotherapy_intended: expected one of {', '.join(INTENDED)} or None")

    def rows(self) -> list[tuple[str, str]]:
        """Every field with its value in words, in the order of the page."""
        return [
            (_LABELS.get(f.name, f.name.replace("_", " ").capitalize()), self._words(f.name)) for f in fields(self)
        ]

    def before_the_view(self) -> "EwingLocalTherapy":
        """The page as the panel has it before it gives its view: what comes after is not recorded in it."""
        return replace(self, **dict.fromkeys(_AFTERWARDS))

    def rows_before(self) -> list[tuple[str, str]]:
        """The rows that the panel has before it gives its view."""
        return self.rows()[: -len(_AFTERWARDS)]

    def rows_after(self) -> list[tuple[str, str]]:
        """The rows that are filled in afterwards."""
        return self.rows()[-len(_AFTERWARDS) :]

    def missing(self) -> list[str]:
        """Fields that the panel needs and that are not recorded; what comes after its view is not among them."""
        return [f.name for f in fields(self) if f.name not in _AFTERWARDS and getattr(self, f.name) is None]

    def findings(self) -> list[str]:
        """What the numbers say by the risk markers named above; nothing for what is not recorded."""
        found = []
        if self.volume_ml is not None and self.volume_ml >= 200:
            found.append(f"volume of {self.volume_ml:g} ml: 200 ml or more was a risk marker in EE99")
        if self.necrosis_percent is not None and self.necrosis_percent <= 90:
            viable = 100 - self.necrosis_percent
            found.append(f"{viable:g} % viable cells: 10 % or more was a risk marker in EE99")
        return found

    def _texts(self) -> list[tuple[str, str]]:
        return [(f.name, value) for f in fields(self) if isinstance(value := getattr(self, f.name), str)]

    def _words(self, name: str) -> str:
        value = getattr(self, name)
        if value is None:
            return NOT_RECORDED
        if isinstance(value, bool):
            return "yes" if value else "no"
        if name == "radiotherapy_intended":
            return INTENDED[value]
        if isinstance(value, tuple):
            return "; ".join(f"{face} {round(mm, 1):g} mm" for face, mm in value)
        return value if isinstance(value, str) else f"{value:g}"


INTENDED = {
    "before": "before surgery",
    "after": "after surgery",
    "definitive": "definitive, without surgery",
    "none": "none",
}
_AFTERWARDS = (
    "panel_view",
    "what_was_done",
    "necrosis_percent",
    "achieved_margin",
)  # the last fields, in their order
_LABELS = {
    "volume_ml": "Volume (ml)",
    "volume_method": "How the volume was measured",
    "expected_margin_mm": "Expected margin by face",
    "radiotherapy_dose": "Radiotherapy dose and fractions",
    "fertility_and_tya": "Fertility; teenage and young adult service",
    "necrosis_percent": "Necrosis (%)",
}

"""Enneking stages, and whether a margin is the one that a table of margins by stage asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sarcoma_review.staging.classification import YES_NO, Classification, require_one_of, settle
from sarcoma_review.staging.estimate import not_computed

Margin = Literal["intralesional", "marginal", "wide", "radical"]
MARGINS: tuple[Margin, ...] = ("intralesional", "marginal", "wide", "radical")
"""From the closest to the tumour outwards."""

_SOURCE = "Enneking WF, Spanier SS, Goodman MA. Clin Orthop Relat Res 1980;(153):106-120"
_EDITION = "Enneking/MSTS 1980"


def malignant_stage(
    *,
    high_grade: bool | None = None,
    extracompartmental: bool | None = None,
    metastasis: bool | None = None,
    divide_stage_iii: bool = False,
) -> Classification:
    """Enneking (MSTS) surgical stage of a malignant tumour of bone.

    Parameters
    ----------
    high_grade : bool, optional
        G2 rather than G1.
    extracompartmental : bool, optional
        T2 rather than T1.
    metastasis : bool, optional
        Regional or distant; a skip lesion counts.
    divide_stage_iii : bool
        Some versions write IIIA (within the compartment) and IIIB; the plain one writes III.

    Returns
    -------
    Classification
        IA, IB, IIA, IIB or III. Nothing is inferred: what is not recorded leaves the stages still possible.

    References
    ----------
    .. [1] Enneking WF, Spanier SS, Goodman MA. A system for the surgical staging of musculoskeletal sarcoma.
       Clin Orthop Relat Res. 1980;(153):106-120.

    Examples
    --------
    >>> malignant_stage(high_grade=True, extracompartmental=True, metastasis=False).value
    'IIB'
    >>> print(malignant_stage(extracompartmental=True, metastasis=False))
    Enneking stage (Enneking/MSTS 1980): not determined, still possible: IIB, IB; not recorded: high grade
    """

    def rule(high_grade: bool, extracompartmental: bool, metastasis: bool) -> str:
        letter = "B" if extracompartmental else "A"
        if metastasis:
            return f"III{letter}" if divide_stage_iii else "III"
        return f"{'II' if high_grade else 'I'}{letter}"

    recorded = {"high_grade": high_grade, "extracompartmental": extracompartmental, "metastasis": metastasis}
    value, candidates, needs = settle(rule, recorded, dict.fromkeys(recorded, YES_NO))
    edition = f"{_EDITION}, stage III divided" if divide_stage_iii else _EDITION
    return Classification("Enneking stage", edition, value, candidates, needs, source=_SOURCE)


def benign_stage(behaviour: Literal["latent", "active", "aggressive"] | None = None) -> Classification:
    """Enneking (MSTS) stage of a benign tumour of bone.

    Parameters
    ----------
    behaviour : {"latent", "active", "aggressive"}, optional
        Latent and active (G0 T0 M0) are told apart by behaviour, not by extent; aggressive is G0 T1-2 M0-1.

    Examples
    --------
    >>> benign_stage("aggressive").value
    '3'
    """
    choices = ("latent", "active", "aggressive")
    value, candidates, needs = settle(
        lambda behaviour: str(choices.index(behaviour) + 1), {"behaviour": behaviour}, {"behaviour": choices}
    )
    return Classification("Enneking benign stage", _EDITION, value, candidates, needs, source=_SOURCE)


@dataclass(frozen=True)
class MarginTable:
    """The least Enneking margin that a text sets for each stage, as a site read it; none is shipped.

    Parameters
    ----------
    name, citation : str
    margins : mapping of str to margin or None
        By stage; None where the text sets no margin.
    """

    name: str
    citation: str
    margins: Mapping[str, Margin | None]


def enneking_appropriateness(
    margin: Margin | None, stage: str | None, *, table: MarginTable | None = None
) -> Classification:
    """Whether the final pathological margin is the one a table sets for the stage (EA), or not (EI).

    EA and EI are the names of the literature. They say how margin and table compare, not whether anybody did well:
    an en bloc resection may not have been achievable.

    Parameters
    ----------
    margin : {"intralesional", "marginal", "wide", "radical"}, optional
        The final pathological margin; never derived from R0, R1, R2 or from a distance.
    stage : str, optional
        As in the table.
    table : MarginTable
        Of a text that the site read. The tables commonly taught for the spine were not read in their sources.

    Returns
    -------
    Classification
        EA where the margin is the one of the table or further out; no value where the table sets none.

    Raises
    ------
    NotComputedError
        Without a table.
    PathwayError
        If the margin or the stage is not known to the table.

    Examples
    --------
    >>> table = MarginTable("spine", "the text our group uses, page 3", {"IIB": "wide", "III": None})
    >>> enneking_appropriateness("intralesional", "IIB", table=table).value
    'EI'
    """
    if table is None:
        raise not_computed("Enneking appropriateness without a table")
    require_one_of("margin", margin, MARGINS)
    require_one_of("stage", stage, tuple(table.margins))
    result = Classification("Enneking appropriateness", f"table: {table.name}", None, source=table.citation)
    if margin is None or stage is None:
        needs = tuple(name for name, value in (("margin", margin), ("stage", stage)) if value is None)
        return replace(result, candidates=("EA", "EI"), needs=needs)
    least = table.margins[stage]
    if least is None:
        return result.noting(f"the table sets no margin for stage {stage}")
    value = "EA" if MARGINS.index(margin) >= MARGINS.index(least) else "EI"
    return replace(result, value=value).noting(f"the table sets {least} for stage {stage}")

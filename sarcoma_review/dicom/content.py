"""Items of a structured report: small data sets in a tree, each a concept and its value (PS3.3 C.17.3)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydicom import Dataset
from pydicom.sr.coding import Code

from sarcoma_review.dicom.new_object import decimal

Relation = Literal["CONTAINS", "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS PROPERTIES", "INFERRED FROM"]
Shape = Literal["POINT", "POLYLINE", "POLYGON", "ELLIPSE"]


def coded(code: Code) -> Dataset:
    """A code as a sequence holds it."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _item(relation: Relation, value_type: str, concept: Code) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = relation, value_type
    item.ConceptNameCodeSequence = [coded(concept)]
    return item


def container(concept: Code, children: Sequence[Dataset], *, template: str = "") -> Dataset:
    """A heading with what stands below it; the root of a report has no template of its own above it."""
    item = _item("CONTAINS", "CONTAINER", concept)
    item.ContinuityOfContent = "SEPARATE"
    if template:
        name = Dataset()
        name.MappingResource, name.TemplateIdentifier = "DCMR", template
        item.ContentTemplateSequence = [name]
    item.ContentSequence = list(children)
    return item


def code_item(relation: Relation, concept: Code, value: Code) -> Dataset:
    """A concept whose value is a code."""
    item = _item(relation, "CODE", concept)
    item.ConceptCodeSequence = [coded(value)]
    return item


def text_item(relation: Relation, concept: Code, value: str) -> Dataset:
    """A concept whose value is a text."""
    item = _item(relation, "TEXT", concept)
    item.TextValue = value
    return item


def uid_item(relation: Relation, concept: Code, value: str) -> Dataset:
    """A concept whose value is a unique identifier."""
    item = _item(relation, "UIDREF", concept)
    item.UID = value
    return item


def number_item(
    concept: Code, value: float, unit: Code, *, below: Sequence[Dataset] = (), relation: Relation = "CONTAINS"
) -> Dataset:
    """A concept whose value is a number with its unit (UCUM)."""
    item = _item(relation, "NUM", concept)
    measured = Dataset()
    measured.MeasurementUnitsCodeSequence = [coded(unit)]
    measured.NumericValue = decimal(value)
    item.MeasuredValueSequence = [measured]
    if below:
        item.ContentSequence = list(below)
    return item


def image_item(relation: Relation, concept: Code, reference: Dataset) -> Dataset:
    """A concept that is an image, or a segment of one, as `reference` names it."""
    item = _item(relation, "IMAGE", concept)
    item.ReferencedSOPSequence = [reference]
    return item


def place_item(
    concept: Code, shape: Shape, points_mm: ArrayLike, *, frame: str, relation: Relation = "INFERRED FROM"
) -> Dataset:
    """A place in the patient, LPS mm, in a frame of reference."""
    item = _item(relation, "SCOORD3D", concept)
    item.GraphicType = shape
    item.GraphicData = np.ravel(np.asarray(points_mm, np.float32)).tolist()
    item.ReferencedFrameOfReferenceUID = frame
    return item

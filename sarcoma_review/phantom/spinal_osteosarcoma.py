"""An osteosarcoma of the first thoracic vertebra: a union of ellipsoids, one of them against the spinal cord."""

from sarcoma_review.phantom.growth import Look
from sarcoma_review.phantom.shapes import Ellipsoid, rotation_about

MARROW = (
    Ellipsoid((-3.0, 0.0, 0.0), (13.0, 8.6, 8.4)),
    Ellipsoid((8.0, 0.8, 0.0), (9.5, 9.0, 8.6)),
    Ellipsoid((16.0, 14.5, 1.5), (6.0, 8.5, 6.5), rotation_about("z", 8.0)),
)
"""The part inside the bone: the body, and the left pedicle with the root of the lamina."""

EPIDURAL = Ellipsoid((-1.0, 12.0, 0.0), (8.5, 5.4, 8.0))
"""Behind the body, in the midline of the flattened cord: the closest to it, along y."""

MASS = (
    EPIDURAL,
    Ellipsoid((5.5, 12.2, 0.5), (6.5, 4.4, 8.5)),
    Ellipsoid((25.0, 3.0, -1.0), (14.0, 14.0, 12.0), rotation_about("z", 20.0)),
    Ellipsoid((4.0, -9.0, 0.0), (13.0, 5.5, 9.5)),
    Ellipsoid((29.0, 14.0, 2.0), (9.0, 9.0, 9.0)),
)
"""The part outside it: epidural, beside the vertebra toward the left lung's top, and in front behind the gullet."""

TUMOUR = MARROW + MASS
CENTRE_MM = (10.0, 3.0)
"""Away from which (x and y) soft tissue is pushed."""

LOOK = Look(sclerosis=0.46, mineral=0.34, necrosis=0.9)

"""A Ewing sarcoma of the left acetabulum: a union of ellipsoids, so that its margin to any plane is closed form."""

from sarcoma_review.phantom.growth import Look
from sarcoma_review.phantom.shapes import Ellipsoid, rotation_about

MARROW = (
    Ellipsoid((93.0, -2.0, 44.0), (14.0, 29.0, 18.0), rotation_about("y", 12.0)),
    Ellipsoid((75.0, 2.0, 38.0), (20.0, 25.0, 11.0), rotation_about("y", -8.0)),
    Ellipsoid((58.5, 5.0, 6.0), (6.0, 24.0, 24.0), rotation_about("z", -4.0)),
)
"""The part inside the bone: above the socket, and its medial wall."""

MASS = (
    Ellipsoid((41.0, 6.0, 14.0), (22.0, 32.0, 33.0), rotation_about("z", -8.0)),
    Ellipsoid((55.0, 28.0, 28.0), (17.0, 20.0, 19.0), rotation_about("x", 15.0)),
    Ellipsoid((55.0, -12.0, 31.0), (18.0, 16.0, 18.0), rotation_about("y", 12.0)),
    Ellipsoid((38.0, -8.0, -10.0), (17.0, 20.0, 20.0)),
    Ellipsoid((113.0, 0.0, 45.0), (14.0, 27.0, 20.0), rotation_about("y", 16.0)),
)
"""The part outside it: a mass into the pelvis, and a smaller one beneath the gluteus minimus."""

TUMOUR = MARROW + MASS
CENTRE_MM = (62.0, 4.0)
"""Away from which (x and y) soft tissue is pushed."""

LOOK = Look(sclerosis=0.16, mineral=0.0, necrosis=0.35)

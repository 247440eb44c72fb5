"""Surgical planning and case review for bone sarcoma, in notebooks.

For education, peer learning and audit of de-identified cases. Not a medical device; not for diagnosis or treatment
of any patient.

The names of the package are fetched when first used, so that ``import sarcoma_review`` stays quick; they are listed
in ``__init__.pyi``.
"""

import lazy_loader

# A function here, though a package has the name too; importing it first keeps it a function.
from sarcoma_review.pathways.library import pathways as pathways

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Laying tissues over one another: what part of each voxel is made of what."""

import numpy as np

from sarcoma_review.phantom.shapes import Field


class Blend:
    """Tissue fractions of voxels, laid from the front: what lies first hides what comes later.

    The fractions sum to one once a last layer has covered everything.

    Parameters
    ----------
    shape : tuple of int
        Of the arrays of points.

    Examples
    --------
    >>> blend = Blend((2,))
    >>> blend.lay(np.array([1.0, 0.25]), cortex=1.0)
    >>> blend.lay(1.0, marrow=0.5, trabecular=0.5)
    >>> blend.value({"cortex": 1500.0, "marrow": -60.0, "trabecular": 500.0})
    array([1500.,  540.])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.fractions: dict[str, Field] = {}
        self.left: Field = np.ones(shape)

    def lay(self, cover: Field | float, **shares: Field | float) -> None:
        """Put a layer behind all others: its cover (0 to 1), and the tissues it is made of, summing to one."""
        part = self.left * cover
        for tissue, share in shares.items():
            had = self.fractions.get(tissue)
            self.fractions[tissue] = part * share if had is None else had + part * share
        self.left = self.left - part

    def value(self, table: dict[str, float]) -> Field:
        """The mean of a quantity, such as HU, over the tissues of each voxel."""
        total: Field = np.zeros_like(self.left)
        for tissue, fraction in self.fractions.items():
            total += table[tissue] * fraction
        return total

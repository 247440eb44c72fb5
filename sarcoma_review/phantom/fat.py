"""Fascia, fat and skin: what lies behind all else."""

import numpy as np

from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.muscles import Covered
from sarcoma_review.phantom.shapes import Field, coverage, rise


def lay_fat(blend: Blend, where: Covered, *, fascia_mm: Field | float, septa: Field, patches: Field) -> None:
    """Lay fascia (half its thickness is given), fat with its septa, and skin behind all else."""
    deep = where.skin + where.fat_mm
    blend.lay(0.7 * coverage(np.abs(deep) - fascia_mm, 0.8), septum=1.0)
    lines = 0.45 * rise(np.abs(septa), 0.14, 0.0) * rise(patches, -0.4, 0.8) * (0.4 + 0.6 * (deep > 0))
    layer = (
        0.3 * coverage(np.abs(where.skin + 0.5 * where.fat_mm + 0.8 * septa) - 0.15, 0.9) * rise(patches, -0.2, 0.8)
    )
    vessels = 0.8 * rise(septa, 2.5, 3.0)
    strands = np.clip(np.maximum(np.maximum(lines, layer * (deep > 0)), vessels), 0.0, 1.0)
    blend.lay(coverage(where.skin + 1.4, 0.8), fat=1 - strands, septum=strands)
    blend.lay(1.0, skin=1.0)

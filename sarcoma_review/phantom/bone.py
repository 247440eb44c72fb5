"""What any bone is made of: a cortex around spongy bone and marrow."""

import numpy as np

from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.shapes import Field, Points, coverage
from sarcoma_review.phantom.texture import BoneTextures


def lay_shell(blend: Blend, distance: Field, *, shell: Field, spongy: Field) -> None:
    """Lay a bone: the shell's share is cortex, of the rest the spongy share is trabecular bone."""
    blend.lay(
        coverage(distance, 0.8),
        cortex=shell, trabecular=(1 - shell) * spongy, marrow=(1 - shell) * (1 - spongy),
    )  # fmt: skip


def lay_bone(
    blend: Blend, distance: Field, points: Points, *, cortex_mm: float, density: float, textures: BoneTextures
) -> None:
    """Lay a bone whose cortex is as thick everywhere.

    Parameters
    ----------
    blend : Blend
        What lies in front already.
    distance : ndarray
        Outside the bone, mm.
    points : Points
    cortex_mm : float
    density : float
        Mean part of the marrow space that trabecular bone takes.
    textures : BoneTextures
    """
    inside = distance < 1.0
    if not inside.any():
        return
    mesh, drift = textures.mesh.where(inside, points), textures.drift.where(inside, points)
    spongy = np.clip(density * (1.0 + 0.2 * drift + 0.25 * mesh) + 0.08 * np.exp(distance / 5.0), 0.0, 0.95)
    lay_shell(blend, distance, shell=coverage(-distance - cortex_mm, 1.0), spongy=spongy)

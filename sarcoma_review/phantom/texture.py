"""Smooth randomness in space: one field of bumps that any grid can be cut through."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from sarcoma_review.phantom.shapes import Field, Points

LATTICE = 56
"""Nodes per axis; the field repeats after that many, farther than a tissue reaches at the spacings used."""


class Texture:
    """A random field of mean 0 and standard deviation 1, the same at the same place whatever the grid.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the randomness comes from.
    spacing_mm : tuple of float
        Distance of the nodes along x, y and z; a bump measures about four of them across.
    """

    def __init__(self, rng: np.random.Generator, spacing_mm: tuple[float, float, float]) -> None:
        nodes = gaussian_filter(rng.standard_normal((LATTICE,) * 3), 1.0, mode="wrap")
        self._nodes: NDArray[np.float64] = (nodes - nodes.mean()) / nodes.std()
        self._spacing_mm = spacing_mm

    def at(self, points: Points) -> Field:
        """The field's values at points, of the shape they broadcast to."""
        axes = np.broadcast_arrays(points.x, points.y, points.z)
        index = np.stack([axis / mm for axis, mm in zip(axes, self._spacing_mm, strict=True)])
        return np.asarray(map_coordinates(self._nodes, index, order=1, mode="grid-wrap"), np.float64)

    def where(self, chosen: NDArray[np.bool_], points: Points) -> Field:
        """The values where `chosen` holds and 0 elsewhere, at the cost of the chosen points only."""
        values = np.zeros(points.shape)
        values[chosen] = self.at(points.take(chosen))
        return values


@dataclass(frozen=True)
class BoneTextures:
    """The random fields that bone is drawn with.

    Parameters
    ----------
    mesh : Texture
        Trabeculae, about as fine as a voxel.
    drift : Texture
        Where the trabeculae stand closer or wider.
    """

    mesh: Texture
    drift: Texture


@dataclass(frozen=True)
class TumourTextures:
    """The random fields that the tumour is drawn with.

    Parameters
    ----------
    clouds : Texture
        Osteoid in the marrow and the mass, in clouds of a centimetre.
    wisps : Texture
        The finer pattern within the clouds.
    rays : Texture
        Sampled on the bone's surface alone, so that it draws rays that leave it.
    """

    clouds: Texture
    wisps: Texture
    rays: Texture


@dataclass(frozen=True)
class Textures:
    """Everything about one patient's body that is random; the rest is anatomy.

    Parameters
    ----------
    sway : tuple of Texture
        How far tissue lies from where the tables say, along x and y.
    patches : Texture
        Where something is found more, or less.
    fibres : Texture
        Fat between the fascicles of muscle.
    septa : Texture
        Fibrous septa in fat.
    bone : BoneTextures
    tumour : TumourTextures
    """

    sway: tuple[Texture, Texture]
    patches: Texture
    fibres: Texture
    septa: Texture
    bone: BoneTextures
    tumour: TumourTextures


def random_textures(rng: np.random.Generator) -> Textures:
    """Draw the random part of a body."""
    return Textures(
        sway=(Texture(rng, (7.0, 7.0, 11.0)), Texture(rng, (7.0, 7.0, 11.0))),
        patches=Texture(rng, (2.6, 2.6, 10.0)),
        fibres=Texture(rng, (4.0, 1.5, 40.0)),
        septa=Texture(rng, (2.6, 2.6, 4.5)),
        bone=BoneTextures(mesh=Texture(rng, (0.7, 0.7, 1.3)), drift=Texture(rng, (3.2, 3.2, 5.0))),
        tumour=TumourTextures(
            clouds=Texture(rng, (2.6, 2.6, 3.2)),
            wisps=Texture(rng, (0.9, 0.9, 1.1)),
            rays=Texture(rng, (0.9, 0.9, 1.3)),
        ),
    )

"""What the osteosarcoma looks like inside its surface, and what it does to the bone around it."""

import numpy as np

from sarcoma_review.phantom.anatomy import CORTEX
from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.shapes import Field, Points, coverage, rise
from sarcoma_review.phantom.surfaces import Surfaces
from sarcoma_review.phantom.texture import Texture, TumourTextures


def lay_tumour(blend: Blend, where: Surfaces, textures: TumourTextures) -> None:
    """Lay the tumour: osteoid, soft part, necrosis, and what it has left of the cortex."""
    near = where.tumour < 1.0
    if not near.any():
        return
    points = where.points
    clouds, wisps = textures.clouds.where(near, points), textures.wisps.where(near, points)
    inside = coverage(where.femur, 1.5)
    cortex = _remaining_cortex(where, clouds)
    rays = _spicules(where, textures.rays) * (1.0 + 0.3 * wisps)
    osteoid = inside * _medullary(where, clouds, wisps) + (1 - inside) * np.maximum(_clouded(clouds, wisps), rays)
    osteoid = np.clip(osteoid, 0.0, 1.0) * (1 - cortex)
    necrosis = (1 - inside) * rise(-where.mass, 3.0, 7.0) * rise(clouds, -0.7, -1.3) * (1 - cortex - osteoid)
    soft = 1 - cortex - osteoid - necrosis
    blend.lay(coverage(where.tumour, 0.8), cortex=cortex, osteoid=osteoid, necrosis=necrosis, tumour=soft)


def lay_periosteum(blend: Blend, where: Surfaces) -> None:
    """Lay the Codman triangle: new bone under periosteum that the mass lifts off the shaft."""
    if where.mass.min() > 12.0 or where.points.z.max() < 70.0:
        return
    height = np.broadcast_to(where.points.z, where.points.shape)
    edge = coverage(np.abs(where.mass - 0.7) - 0.7, 0.8) * rise(where.femur, 7.5, 3.0) * rise(height, 70.0, 76.0)
    lifted = coverage(where.femur - 1.6 * rise(where.mass, 9.0, 1.0), 0.8) * rise(where.mass, 11.0, 5.0)
    wedge = lifted * rise(height, 72.0, 78.0)
    cover = np.maximum(0.9 * edge, 0.8 * wedge) * coverage(-where.femur, 0.8) * coverage(-where.tumour, 0.8)
    blend.lay(cover, cortex=0.6, septum=0.4)


def _remaining_cortex(where: Surfaces, clouds: Field) -> Field:
    """Cortex still standing inside the tumour: moth-eaten, and gone where the mass broke through."""
    half_mm = CORTEX(where.points.z) / 2
    shell = coverage(np.abs(where.femur + half_mm) - half_mm, 1.0)
    breached = rise(where.mass, 1.0, -4.0)
    eaten = rise(clouds, -0.9, 0.5) * (1 - 0.9 * breached) + 0.35 * breached * rise(clouds, 0.6, 1.1)
    return np.asarray(shell * np.clip(eaten, 0.0, 1.0) * 0.8)


def _medullary(where: Surfaces, clouds: Field, wisps: Field) -> Field:
    """Osteoid within the bone: sclerotic clouds with lytic holes, and little of it at the growing edge."""
    grown = 0.25 + 0.75 * rise(-where.tumour + 1.5 * wisps, 0.0, 5.5)
    return np.asarray(grown * np.clip(0.38 + 0.34 * clouds + 0.20 * wisps, 0.0, 1.0))


def _clouded(clouds: Field, wisps: Field) -> Field:
    """Osteoid in the mass: a haze, and denser clouds in it."""
    return np.asarray(0.06 * rise(clouds, -1.0, 1.0) * (1 + wisps) + 0.5 * rise(clouds + 0.5 * wisps, 0.5, 2.0))


def _spicules(where: Surfaces, rays: Texture) -> Field:
    """Sunburst: a pattern on the bone's surface carried straight outward, thinning out."""
    points, femur = where.points, where.femur
    near = (femur > -2.0) & (femur < 16.0) & (where.mass < 1.0)
    dx, dy = np.broadcast_to(points.x + 4.0, points.shape), np.broadcast_to(points.y + 2.0, points.shape)
    reach = np.sqrt(dx**2 + dy**2) + 1e-6
    fan = np.broadcast_to(points.z, points.shape) - 62.0
    foot = Points(20 * dx / reach, 20 * dy / reach, 62.0 + fan * 24.0 / (24.0 + np.maximum(femur, 0.0)))
    pattern = rays.where(near, foot)
    return np.asarray(0.9 * rise(pattern, 0.5, 1.5) * rise(femur, 15.0, 3.0) * rise(femur, -2.0, 0.0))

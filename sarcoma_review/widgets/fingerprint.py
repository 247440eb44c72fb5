"""What a file that is kept beside an image was begun on."""

import zlib
from typing import Any

import numpy as np

from sarcoma_review.volume import Volume


def fingerprint(volume: Volume) -> dict[str, Any]:
    """The grid, and a checksum of the voxels: another image has another one. Nothing that came with the image."""
    return {
        "shape": list(volume.shape),
        "affine": [round(float(value), 6) for value in volume.affine[:3].ravel()],
        "image": zlib.crc32(np.ascontiguousarray(volume.array).data),
    }

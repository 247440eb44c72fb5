"""What may leave this machine: pictures of a volume that came through the gate, and shows no face."""

from sarcoma_review.errors import PrivacyError
from sarcoma_review.volume import Volume, require_clearance


def require_export(volume: Volume, where: str) -> None:
    """Refuse to let a volume leave this machine that did not come through the gate, or that may show a face.

    Raises
    ------
    PrivacyError
        If the volume was read past the gate, or a head may lie in its field of view and nobody has signed for it.
    """
    require_clearance(volume, where)
    if volume.head:
        raise PrivacyError(
            f"{where} leaves this machine, and a face could be drawn from the {volume.modality or 'volume'}: "
            f"{volume.head}; crop it below the orbits (privacy.head.cropped_below), or have it signed for "
            "(privacy.sign_heads)"
        )

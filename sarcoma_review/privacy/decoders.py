"""Which decoder reads which transfer syntax."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import imagecodecs

from sarcoma_review.privacy import htj2k

RLE: Final = "1.2.840.10008.1.2.5"
JPEG: Final = "1.2.840.10008.1.2.4"
"""Begins the transfer syntaxes of the JPEG kinds."""

DECODERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        f"{JPEG}.50": imagecodecs.jpeg8_decode,  # JPEG baseline
        f"{JPEG}.57": imagecodecs.jpegsof3_decode,  # JPEG lossless
        f"{JPEG}.70": imagecodecs.jpegsof3_decode,
        f"{JPEG}.80": imagecodecs.jpegls_decode,  # JPEG-LS
        f"{JPEG}.81": imagecodecs.jpegls_decode,
        f"{JPEG}.90": imagecodecs.jpeg2k_decode,  # JPEG 2000
        f"{JPEG}.91": imagecodecs.jpeg2k_decode,
        f"{JPEG}.201": htj2k.decode,  # high-throughput JPEG 2000
        f"{JPEG}.202": htj2k.decode,
        f"{JPEG}.203": htj2k.decode,
        RLE: imagecodecs.dicomrle_decode,
    }
)

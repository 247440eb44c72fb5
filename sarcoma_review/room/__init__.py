"""The live meeting room: a server of its own, personal links, images as files, and a notebook that presents."""

import lazy_loader

# What publishes loads drawing and planning, which the server never does: each name is loaded when it is used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

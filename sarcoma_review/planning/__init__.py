"""Planning: tumour surfaces, resection planes and the margins between them."""

import lazy_loader

# Who shows images does not wait for what registers and measures them: each name is loaded when it is used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

from .folder import Folder
from .live_link import Link, link
from .publication import Publication, publish
from .server import app, serve

__all__ = ["Folder", "Link", "Publication", "app", "link", "publish", "serve"]

"""A laptop-size world: real servers on loopback, and the real engine that deploys to them."""

from scripts.python_version import require_supported

require_supported()

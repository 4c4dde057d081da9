"""Day two: what an operator does with a stack that is deployed."""

from scripts.python_version import require_supported

require_supported()

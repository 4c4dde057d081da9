"""What `make` and CI run around the project: its virtual environment, stages and Pythons; standard library only."""

from .python_version import require_supported

require_supported()

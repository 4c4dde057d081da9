"""The components as a plugin: Pulumi starts this directory, or `python -m strongroom`."""

import sys
from importlib import import_module
from pathlib import Path

if not __package__:
    # Started as a directory, it is a package of the directory above; its own modules would hide others of their names.
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    __package__ = here.name

import_module(f"{__package__}.plugin.provider").serve()

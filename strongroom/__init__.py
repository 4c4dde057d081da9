"""Strongroom takes a secret from its store to the pod that needs it: the public names of the toolkit.

Importing this package costs nothing: each name loads its module, and that module's Pulumi provider, when first used.
"""

import gc
import sys
from typing import TYPE_CHECKING

from . import components

if TYPE_CHECKING:
    from .components import *  # noqa: F403

__all__ = ["provision_stack"]
__all__ += components.__all__


def provision_stack() -> None:
    """Declare everything that the settings of the running stack describe: the whole program of a project.

    It exports what the command `strongroom` needs to know of the stack.

    :raises InvalidSettingsError: It lists every error of the settings, before anything is declared.
    """
    # The program ends in seconds and keeps nearly all that it makes: looking for garbage was a third of its time.
    gc.disable()
    from .stacks.load import load_settings  # noqa: PLC0415
    from .stacks.provision.program import provision  # noqa: PLC0415

    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()
    settings = load_settings()
    # The state has the calls that made each resource, down to the language host's own, which are more than half of it;
    # and it is written at each step. The innermost show where in the program it was.
    sys.tracebacklimit = 10
    try:
        provision(settings)
    finally:
        del sys.tracebacklimit


if not TYPE_CHECKING:  # a type checker knows the names, and reports any other

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(components, name)

"""Strongroom, one environment a stack: read its settings, provision what they describe."""

import gc

# The program ends in seconds and keeps nearly all that it makes: looking for garbage was a third of its time.
gc.disable()

from stacks.provision import provision  # noqa: E402
from stacks.settings import of_stack  # noqa: E402

gc.freeze()
gc.set_threshold(50_000, 20, 100)
gc.enable()

provision(of_stack())

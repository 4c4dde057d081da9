"""Strongroom, one environment a stack: read its settings, provision what they describe."""

import gc
import sys

# The program ends in seconds and keeps nearly all that it makes: looking for garbage was a third of its time.
gc.disable()

from stacks.load import of_stack  # noqa: E402
from stacks.provision.program import provision  # noqa: E402

gc.freeze()
gc.set_threshold(50_000, 20, 100)
gc.enable()

settings = of_stack()
# The state has the calls that made each resource, down to the language host's own, which are more than half of it; and
# it is written at each step. The innermost tell where in this project it was.
sys.tracebacklimit = 10
try:
    provision(settings)
finally:
    del sys.tracebacklimit

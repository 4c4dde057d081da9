"""Strongroom, one environment a stack: read its settings, provision what they describe."""

from stacks.provision import provision
from stacks.settings import of_stack

provision(of_stack())

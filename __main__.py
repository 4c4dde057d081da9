"""Strongroom, one environment a stack: read its settings, provision what they describe."""

from strongroom import provision_stack

provision_stack()

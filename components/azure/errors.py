"""Errors of Azure's components."""

import pulumi

from ..errors import StrongroomError


class UnsuitableResourceError(StrongroomError, pulumi.RunError):
    """A vault or a cluster that exists can't be used as it is: what it lacks, and what to do."""

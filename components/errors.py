"""Errors of the components."""


class StrongroomError(Exception):
    """The base of every error that Strongroom raises."""


class InvalidArgumentsError(StrongroomError, ValueError):
    """Arguments that a component, or what is given to one, can't have. The message lists all that is wrong."""

"""Errors of the components; `strongroom.errors` has all of Strongroom's."""


class StrongroomError(Exception):
    """The base of every error that Strongroom raises."""


class InvalidArgumentsError(StrongroomError, ValueError):
    """Arguments that a component, or what is given to one, can't have. The message lists all that is wrong."""


class ChartError(StrongroomError, ValueError):
    """A chart can't be used, or values don't fit it: which chart, what is wrong, what to do."""


class MissingExtraError(StrongroomError, ImportError):
    """A name needs packages that were not installed: those of the extra `azure`."""

"""Errors of commands, each a text of one line."""

from strongroom.components.errors import StrongroomError


class OpsError(StrongroomError):
    """A command can't go on. The text says what, where and what to do; it never has a secret's value."""


class AbsentError(OpsError):
    """The requested object does not exist."""


class NotAllowedError(OpsError):
    """The caller lacks the right."""


class UnknownTokenError(NotAllowedError):
    """The caller's token is invalid, or has ended."""


class UnreachableError(OpsError):
    """A server doesn't respond, or is too busy, even after retries: the result is unknown."""

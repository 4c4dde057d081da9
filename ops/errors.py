"""What stops a command, told in one line."""

from strongroom.components.errors import StrongroomError


class OpsError(StrongroomError):
    """A command can't go on; its text says what, where and what to do. No secret's value is ever in it."""


class AbsentError(OpsError):
    """What was asked for isn't there."""


class NotAllowedError(OpsError):
    """Whoever runs the command may not ask."""


class UnknownTokenError(NotAllowedError):
    """The caller's token is none, or has ended."""


class UnreachableError(OpsError):
    """A server doesn't answer, or is too busy to, even after waiting: what it would have said is not known."""

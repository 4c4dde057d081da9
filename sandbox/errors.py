"""What stops the sandbox, reported in one text."""


class SandboxError(Exception):
    """The sandbox can't go on: what, why, what to do. Running the same command again continues."""


class NotReadyError(SandboxError):
    """A server doesn't answer as it should: the reason, as its client has it."""

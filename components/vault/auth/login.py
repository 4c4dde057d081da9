"""Arguments that the logins of people and machines share."""

from ...args import Args
from .options import LoginOptions


class LoginArgs(LoginOptions, Args):
    """The arguments of every login."""

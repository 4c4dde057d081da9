"""Arguments that the logins of people and machines share."""

from typing import Self

from pydantic import model_validator

from ...args import Args
from .options import LoginOptions


class LoginArgs(LoginOptions, Args):
    """The lifetimes of a login's tokens, held against each other."""

    @model_validator(mode="after")
    def _check_lifetimes(self) -> Self:
        if self.token_ttl > self.token_max_ttl:
            raise ValueError(f"token_ttl, {self.token_ttl} s, must be at most token_max_ttl, {self.token_max_ttl} s")
        return self

"""The `random` provider: passwords."""

import secrets
import string
from collections.abc import Collection
from typing import Any

from .protocol import Properties, Provider, ProviderError
from .values import UNKNOWN

_PUNCTUATION = "!@#$%&*()-_=+[]{}<>:?"


class RandomProvider(Provider):
    """Makes RandomPassword, with the operating system's randomness."""

    package = "random"
    always_secret = ("result",)

    def __init__(self, configuration: Properties) -> None:
        pass

    @classmethod
    def immutable(cls, kind: str) -> Collection[str]:
        """Everything: another length is another password."""
        return ("*",)

    @classmethod
    def same_name(cls, kind: str, inputs: Properties) -> bool:
        """A password has no name."""
        return False

    def unknown(self, kind: str, inputs: Properties) -> Properties:
        """The password is known after it is made."""
        return {**inputs, "result": UNKNOWN}

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """A new password."""
        if kind != "random:index/randomPassword:RandomPassword":
            raise ProviderError(f"the sandbox's random stand-in makes no {kind}")
        return "none", {**inputs, "result": _password(inputs)}

    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """What the state says: a password is nowhere else."""
        if not outputs:
            raise ProviderError("a random password can't be imported")
        return outputs, inputs

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Never asked for: everything is immutable."""
        raise ProviderError("a random password is replaced, not updated")

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Nothing to remove."""


def _password(inputs: dict[str, Any]) -> str:
    classes = {
        "lower": string.ascii_lowercase,
        "upper": string.ascii_uppercase,
        "numeric": string.digits,
        "special": inputs.get("overrideSpecial") or _PUNCTUATION,
    }
    wanted = {name: characters for name, characters in classes.items() if inputs.get(name, True)}
    required = [
        secrets.choice(characters)
        for name, characters in wanted.items()
        for _ in range(int(inputs.get(f"min{name.capitalize()}", 0)))
    ]
    everything = "".join(wanted.values())
    rest = [secrets.choice(everything) for _ in range(int(inputs["length"]) - len(required))]
    characters = required + rest
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)

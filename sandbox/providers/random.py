"""The `random` provider: passwords."""

import secrets
import string
from collections.abc import Collection

from .protocol import Properties, Provider, ProviderError
from .values import UNKNOWN, known

_PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105 - a type
_PUNCTUATION = "!@#$%&*()-_=+[]{}<>:?"


class RandomProvider(Provider):
    """Makes RandomPassword, with the operating system's randomness."""

    package = "random"

    def __init__(self, configuration: Properties) -> None:
        pass

    @classmethod
    def secret(cls, kind: str) -> Collection[str]:
        """Return the password."""
        return ("result",)

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """Refuse what can't be made."""
        if kind != _PASSWORD:
            raise ProviderError(f"{kind} is not in the sandbox's fake random provider: it makes {_PASSWORD} alone")
        if known(inputs):
            _rules(inputs)
        return inputs

    @classmethod
    def immutable(cls, kind: str, before: Properties | None = None) -> Collection[str]:
        """Everything: another length is another password."""
        return ("*",)

    @classmethod
    def same_name(cls, kind: str, after: Properties, before: Properties | None = None) -> bool:
        """Return false: a password has no name."""
        return False

    def computed(self, kind: str, before: Properties | None, inputs: Properties) -> Properties:
        """Return the password, which is known after it is made."""
        return {"result": UNKNOWN}

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Make a new password."""
        return "none", {**inputs, "result": _password(inputs)}

    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Return what the state says: a password is nowhere else."""
        if not outputs:
            raise ProviderError("a random password can't be imported")
        return outputs, inputs

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Never asked for: everything is immutable."""
        raise ProviderError("a random password is replaced, not updated")

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Nothing to remove."""


def _rules(inputs: Properties) -> tuple[dict[str, str], dict[str, int], int]:
    """Return the characters to choose from and the least number of each, by class, and the length."""
    classes = {
        "lower": string.ascii_lowercase,
        "upper": string.ascii_uppercase,
        "numeric": string.digits,
        "special": inputs.get("overrideSpecial") or _PUNCTUATION,
    }
    least = {name: int(inputs.get(f"min{name.capitalize()}") or 0) for name in classes}
    wanted = {name: characters for name, characters in classes.items() if inputs.get(name, True)}
    length = int(inputs["length"])
    if not wanted or length < 1:
        raise ProviderError("a random password needs a length of 1 or more, and a class of characters to choose from")
    if sum(least[name] for name in wanted) > length:
        raise ProviderError(f"length: {length} is less than what the minimums add up to")
    return wanted, {name: least[name] for name in wanted}, length


def _password(inputs: Properties) -> str:
    wanted, least, length = _rules(inputs)
    required = [secrets.choice(wanted[name]) for name, count in least.items() for _ in range(count)]
    everything = "".join(wanted.values())
    characters = required + [secrets.choice(everything) for _ in range(length - len(required))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)

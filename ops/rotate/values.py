"""New values that a command makes, as a seed would be made."""

import secrets
import string

from strongroom.policy.rules import Declared

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""The provider's own. (Terraform Registry: "random_password", on `override_special`)"""


def generate(made: Declared) -> str:
    """Generate a value by the rules of the RandomPassword `made`: of each class one character at least."""
    classes = [string.ascii_lowercase, string.ascii_uppercase, string.digits]
    if made.at("special") is not False:
        classes.append(_SPECIAL)
    count = int(made.at("length"))
    characters = [secrets.choice(each) for each in classes]
    characters += [secrets.choice("".join(classes)) for _ in range(count - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)

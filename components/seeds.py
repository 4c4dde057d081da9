"""Values that a stack writes to its store."""

from collections.abc import Mapping
from typing import Annotated

import pulumi
from pydantic import Field

from .args import Args, Input
from .field_types import Switch, Whole


class Generate(Args):
    """A value that is generated once and kept in the stack's encrypted state."""

    length: Annotated[Whole, Field(ge=16, le=1024)] = 32
    """Characters."""

    special: Switch = True
    """Whether to use punctuation as well."""

    initial: Switch = False
    """Whether it is written once, and then the store's owner decides: no update writes it again."""


Seed = Input[str] | Generate
"""A value to write: a secret input, or one to generate."""


def is_initial(seed: object) -> bool:
    """Return whether `seed` is written once, and then the store's owner decides."""
    return isinstance(seed, Generate) and seed.initial


def check_initial(seeds: Mapping[str, object]) -> str | None:
    """Return why the keys of one object of Vault can't be seeded so, as a sentence; `None` if they can.

    :param seeds: The values by key.
    """
    initial = sorted(key for key, seed in seeds.items() if is_initial(seed))
    others = sorted(key for key in seeds if key not in initial)
    if not initial or not others:
        return None
    return (
        f"{', '.join(initial)}: initial and {', '.join(others)} not: Vault writes an object with all its keys, so set "
        "initial: true for each of them, or for none, or use an object for each key"
    )


def resolve_seed(name: str, seed: Seed, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Return the value that `seed` stands for, secret in any case.

    :param name: Names the generated value in the stack.
    :param parent: What the generated value belongs to.
    """
    if not isinstance(seed, Generate):
        return pulumi.Output.secret(seed)
    # A stack that generates nothing does without the provider.
    import pulumi_random  # noqa: PLC0415

    made = pulumi_random.RandomPassword(
        name,
        length=seed.length,
        special=seed.special,
        opts=pulumi.ResourceOptions(
            parent=parent,
            additional_secret_outputs=["result"],
            ignore_changes=["length", "special"] if seed.initial else None,
        ),
    )
    return pulumi.Output.secret(made.result)

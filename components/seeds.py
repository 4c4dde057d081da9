"""Values that a stack writes to its store."""

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


Seed = Input[str] | Generate
"""A value to write: a secret input, or one to generate."""


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
        opts=pulumi.ResourceOptions(parent=parent, additional_secret_outputs=["result"]),
    )
    return pulumi.Output.secret(made.result)

"""Values that a stack writes to its store."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import pulumi
from pydantic import Field, ValidationInfo, field_validator

from .args import Args, Input
from .durations import Age, format_seconds
from .field_types import Switch, Whole
from .rotation import LONGEST_POLL

if TYPE_CHECKING:
    from .rotation_period import RotationPeriod


class Generate(Args):
    """A value that is generated once and kept in the stack's encrypted state."""

    length: Annotated[Whole, Field(ge=16, le=1024)] = 32
    """Characters."""

    special: Switch = True
    """Whether to use punctuation as well."""

    initial: Switch = False
    """Whether it is written once, and then the store's owner decides: no update writes it again."""

    every: Age | None = None
    """How old it gets, e.g. `30d`: the first update after that makes another one, and none before. At least 2m, so that
    pods have read it by then."""

    # Not a cross-check: a stack file's location ends with `generate`, which the settings unwrap.
    @field_validator("every")
    @classmethod
    def _check_every(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("initial"):
            raise ValueError("goes without initial: true, by which the owner makes each later value: use one of them")
        if value is not None and value < LONGEST_POLL:
            shown, least = format_seconds(value), format_seconds(LONGEST_POLL)
            raise ValueError(f"is {shown}, shorter than the driver's poll, {least}: use more")
        return value


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

    period = _declare_period(name, seed.every, parent) if seed.every else None
    made = pulumi_random.RandomPassword(
        name,
        length=seed.length,
        special=seed.special,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=period,
            # Not `keepers`: a value that exists stays as it is when it is given a period, or loses it.
            replacement_trigger=period.began if period else None,
            additional_secret_outputs=["result"],
            ignore_changes=["length", "special"] if seed.initial else None,
        ),
    )
    return pulumi.Output.secret(made.result)


def _declare_period(name: str, every: int, parent: pulumi.Resource) -> "RotationPeriod":
    # A stack without one does without what serves dynamic resources.
    from .rotation_period import RotationPeriod  # noqa: PLC0415

    return RotationPeriod(name, every, pulumi.ResourceOptions(parent=parent))

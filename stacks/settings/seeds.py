"""Values that a stack writes to its store, as they are written in its file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import pulumi
from pydantic import Field, PlainValidator, SecretStr, ValidatorFunctionWrapHandler, WrapValidator

from strongroom.components import seeds
from strongroom.components.field_types import Declaration, ObjectKey, Switch, Whole

from .raw import is_generator, is_text

NO_TEXT = "must be text, as a number in quotes is too: set it with `pulumi config set --secret --path`"


class Generated(Declaration):
    """A value that is generated once and kept in the stack's encrypted state."""

    length: Annotated[Whole, Field(ge=16, le=1024)] = 32
    """Characters."""

    special: Switch = True
    """Whether punctuation is among the characters."""


class _Generate(Declaration):
    generate: Generated


def _seed(value: object) -> SecretStr | Generated:
    if isinstance(value, SecretStr | Generated):
        return value
    if isinstance(value, str) and value:
        return SecretStr(value)
    if isinstance(value, Mapping):
        if "generate" not in value:
            raise ValueError(
                "is neither text nor a generator: set text with `pulumi config set --secret --path`, or "
                "write {generate: {length: 32}}"
            )
        return _Generate.model_validate(value).generate
    if value is not None and value != "":
        raise ValueError(NO_TEXT)
    raise ValueError("has no value: set one with `pulumi config set --secret --path`, or let {generate: {}} make one")


Seed = Annotated[SecretStr | Generated, PlainValidator(_seed)]
"""A value that the stack writes: a config secret, or `{generate: {length: 32}}`."""


Seeds = Annotated[Mapping[ObjectKey, Seed], Field(min_length=1)]


def _object_seeds(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    if is_text(value) or is_generator(value):
        return _seed(value)
    return handler(value)


if TYPE_CHECKING:
    ObjectSeeds = Mapping[str, SecretStr | Generated] | SecretStr | Generated
else:
    # As a union, every issue would be told once for each of its members.
    ObjectSeeds = Annotated[Seeds, WrapValidator(_object_seeds)]
    """The values of one object by key, or its only value."""


def to_seed(value: SecretStr | Generated) -> seeds.Seed:
    """What a component takes for `value`."""
    if isinstance(value, Generated):
        return seeds.Generate(value.length, value.special)
    return pulumi.Output.secret(value.get_secret_value())

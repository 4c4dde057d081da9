"""Typed arguments of components."""

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import pulumi
from pydantic import ConfigDict, GetCoreSchemaHandler, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, core_schema

from .field_types import Declaration

T = TypeVar("T")


class Args(Declaration):
    """The arguments of a component: immutable, and checked as the settings of a stack are.

    What may be the output of another resource is checked where it is known.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)


class _OrOutput:
    """Accepts an output of another resource unchecked, and checks any other value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        known = [each for each in get_args(source) if get_origin(each) not in {Awaitable, pulumi.Output}]
        known_type = Union[tuple(known)]  # noqa: UP007 - they are known when it runs
        return core_schema.no_info_wrap_validator_function(_check_known, handler.generate_schema(known_type))


def _check_known(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    return value if is_later(value) else check(value)


def is_later(value: object) -> bool:
    """Return whether `value` becomes known only when another resource exists."""
    return isinstance(value, pulumi.Output | Awaitable) or type(value).__name__ == "Unknown"


Input = Annotated[T | Awaitable[T] | pulumi.Output[T], _OrOutput()]
"""A value, or the output of another resource that becomes it: Pulumi's `Input`, with a check of values."""

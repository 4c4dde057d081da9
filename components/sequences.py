"""Sequences among arguments and settings."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

T = TypeVar("T")


class _KeptAsTuple:
    """Accepts any list, checks its entries, and keeps a tuple that nobody changes."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(tuple[get_args(source)[0], ...])


Items = Annotated[Sequence[T], _KeptAsTuple()]
"""A list in any form: a program gives a list or a tuple, and the model has a tuple."""

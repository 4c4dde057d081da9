"""Errors of dynamic resources, as their user reads them."""

import sys
import traceback
from typing import Any

from .errors import StrongroomError


class PlainError(StrongroomError):
    """An error whose text says what, where, why and what to do: no traceback belongs to it."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        _report_plainly()


def _report_plainly() -> None:
    """Have the process that serves dynamic resources give a `PlainError`'s text alone to the engine.

    The SDK's host sends `traceback.format_exc()` of whatever a provider raises: thirty lines of the SDK's and of gRPC's
    own calls before the one that counts. It has no other way to report an error. (Pulumi Python SDK:
    `pulumi/dynamic/__main__.py`)
    """
    if getattr(traceback.format_exc, "reports_plainly", False):
        return
    whole = traceback.format_exc

    def format_exc(*arguments: Any, **options: Any) -> str:
        error = sys.exception()
        return str(error) if isinstance(error, PlainError) else whole(*arguments, **options)

    format_exc.reports_plainly = True  # pyright: ignore[reportFunctionMemberAccess] - it is how it is known again
    traceback.format_exc = format_exc

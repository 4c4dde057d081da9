"""What an output is, once its program has run."""

import asyncio
from typing import Any

import pulumi


def is_secret(output: pulumi.Output[Any]) -> bool:
    """Return whether `output` is secret.

    The loop of the test's thread stays as it is: `asyncio.run` would take it away from tests that come later.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(output.is_secret())
    finally:
        loop.close()

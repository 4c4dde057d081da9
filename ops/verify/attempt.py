"""The check of one comparison of what was deployed with a server."""

from collections.abc import Callable, Sequence

from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from .check import Check
from .difference import Difference


def attempt(
    owner: str,
    what: str,
    asked: tuple[str, ...],
    list_differences: Callable[[], Sequence[Difference]],
    absent: str = "it does not exist any more",
) -> Check:
    """Build the check of a comparison; it is skipped if the caller may not read the server's document.

    :param absent: The detail of the check if the server has no such object.
    :raises UnreachableError: The server can't be reached: further requests would wait as long.
    """
    try:
        found = list_differences()
    except AbsentError:
        return Check(owner, what, False, absent, asked, "not found")
    except NotAllowedError as error:
        return Check(owner, what, None, str(error), asked, "forbidden")
    except UnreachableError:
        raise
    except OpsError as error:
        return Check(owner, what, False, str(error), asked, "no response")
    return Check(
        owner, what, not found, "; ".join(map(str, found)) or "as deployed", asked, f"{len(found)} differences"
    )

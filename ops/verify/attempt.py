"""One comparison of what was deployed with a server, whatever the server answers."""

from collections.abc import Callable, Sequence

from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from .check import Check
from .difference import Difference


def attempt(
    owner: str,
    what: str,
    asked: tuple[str, ...],
    differences: Callable[[], Sequence[Difference]],
    absent: str = "it is not there any more",
) -> Check:
    """Turn the differences that are found into a line; what the caller may not read is not tried.

    :param absent: The detail of the line if the server has no such object.
    :raises UnreachableError: The server is away: each further question would wait as long for nothing.
    """
    try:
        found = differences()
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

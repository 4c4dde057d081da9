"""Steps of a revocation, which may be repeated and don't stop one another."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import AbsentError, OpsError
from ..findings import Finding

_PAUSES = (0.0, 1.0, 3.0)
"""Seconds before each look: a login that was under way ends with a token, and a server learns of a deletion late."""


@dataclass(frozen=True)
class Remainder:
    """What can still be used after a revocation."""

    what: str

    until: str
    """When it ends by itself."""

    fix: str = ""
    """How to end it before."""


@dataclass(frozen=True)
class Change:
    """One change of a server."""

    what: str
    """What is changed, e.g. `role shop.orders`."""

    make: Callable[[], None]
    """Make it; raises `AbsentError` if there is nothing to change."""


@dataclass(frozen=True)
class Step:
    """Changes of one kind."""

    name: str

    done: str
    """What was done, e.g. `deleted`."""

    find: Callable[[], Sequence[Change]]
    """Find what is left to change."""

    fix: str
    """What to do if it fails."""

    def run(self, *, dry_run: bool) -> Finding:
        """Make the changes, until none is left to make; a failed one doesn't keep the others from being made.

        :param dry_run: Only say what would be changed.
        """
        made: list[str] = []
        errors: list[str] = []
        try:
            for pause in _PAUSES:
                time.sleep(pause if made else 0)
                changes = self.find()
                if dry_run:
                    seen = ", ".join(change.what for change in changes)
                    return Finding.ok(f"would be {self.done}: {seen}" if seen else "nothing to do", name=self.name)
                errors = []
                count = len(made)
                for change in changes:
                    try:
                        change.make()
                        made.append(change.what)
                    except AbsentError:
                        continue
                    except OpsError as error:
                        errors.append(f"{change.what}: {error}")
                if len(made) == count:
                    break
            else:
                errors = errors or [f"{change.what}: is there again" for change in self.find()]
        except OpsError as error:
            errors = [str(error)]
        seen = f"{self.done}: {', '.join(dict.fromkeys(made))}" if made else "nothing to do"
        if errors:
            return Finding.failed("; ".join([*([seen] if made else []), *errors]), self.fix, name=self.name)
        return Finding.ok(seen, name=self.name)

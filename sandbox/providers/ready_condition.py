"""The annotation by which a program says what the `kubernetes` provider waits for."""

import re
from typing import Any

_WAIT_FOR = "pulumi.com/waitFor"
_FIELD = re.compile(r"jsonpath=\{((?:\.\w+)+)\}(?:=(.*))?")


def ready_condition(live: dict[str, Any]) -> bool | None:
    """Tell whether an object is what its annotation has the provider wait for; `None` if it has none.

    It takes precedence over what the provider waits for by itself, and says nothing of a deletion. Of conditions only
    a field by its plain path is known here. (pulumi/pulumi-kubernetes: `provider/pkg/metadata/overrides.go`)
    """
    wanted = ((live.get("metadata") or {}).get("annotations") or {}).get(_WAIT_FOR)
    match = _FIELD.fullmatch(wanted or "")
    if match is None:
        return None
    found: Any = live
    for step in match[1].strip(".").split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found is not None if match[2] is None else str(found) == match[2]

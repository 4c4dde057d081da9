"""When a vault makes new versions by itself: rotation policies of keys, lifetime actions of certificates."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import isodate

from .errors import AzureError
from .store import Document


def find_end(rotation: Document, now: float) -> Document:
    """Return the attributes of a key's new version: its end, if its policy has one.

    (Microsoft Learn: "Configure cryptographic key auto-rotation in Azure Key Vault", on expiry time)
    """
    length = (rotation.get("attributes") or {}).get("expiryTime")
    return {"exp": _add(now, length)} if length else {}


def is_key_due(rotation: Document, attributes: Document, now: float) -> bool:
    """Return whether a key's policy has it rotated by now.

    (Microsoft Learn: "Configure cryptographic key auto-rotation in Azure Key Vault", on rotation time)
    """
    for action in rotation.get("lifetimeActions") or ():
        trigger = action.get("trigger") or {}
        if str((action.get("action") or {}).get("type")).lower() != "rotate":
            continue
        if after := trigger.get("timeAfterCreate"):
            return _add(attributes["created"], after) <= now
        if (before := trigger.get("timeBeforeExpiry")) and attributes.get("exp"):
            return _add(attributes["exp"], before, -1) <= now
    return False


def is_certificate_due(policy: Document, attributes: Document, now: float) -> bool:
    """Return whether a certificate's policy has it renewed by now.

    (Microsoft Learn: "About Azure Key Vault certificate renewal")
    """
    start, end = attributes.get("nbf"), attributes.get("exp")
    if start is None or end is None:
        return False
    for trigger in _list_renewals(policy.get("lifetime_actions") or ()):
        if days := trigger.get("days_before_expiry"):
            return end - int(days) * 86400 <= now
        if share := trigger.get("lifetime_percentage"):
            return start + (end - start) * int(share) / 100 <= now
    return False


def _list_renewals(actions: Iterable[Document]) -> Iterable[Document]:
    return [
        action.get("trigger") or {}
        for action in actions
        if (action.get("action") or {}).get("action_type") == "AutoRenew"
    ]


def _add(moment: float, length: str, sign: int = 1) -> int:
    try:
        duration: Any = isodate.parse_duration(length)
    except isodate.ISO8601Error:
        raise AzureError(400, "BadParameter", f"{length} is no duration of ISO 8601.") from None
    return int((datetime.fromtimestamp(moment, UTC) + sign * duration).timestamp())

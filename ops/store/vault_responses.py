"""Distinction of Vault's own responses from those of a proxy in front of it."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# hvac ships no types.

from typing import Any, cast

import requests
from hvac.adapters import JSONAdapter
from hvac.exceptions import VaultError

from strongroom.components.retry import BUSY

_OK = 200
_LOGIN_REFUSALS = (
    "invalid role name",
    "missing jwt",
    "role ",
    "error validating",
    "error verifying",
    "invalid audience",
    "claim ",
    "no known key",
)
"""Beginnings of the errors, with status 400, by which auth methods refuse a token. (Vault's source:
`vault-plugin-auth-jwt` and `vault-plugin-auth-kubernetes`, "path_login.go")"""


class NotVaultError(VaultError):  # pyright: ignore[reportUntypedBaseClass]
    """A response that is not Vault's: HTML, empty, or JSON of another server."""

    def __init__(self, status: int) -> None:
        """
        :param status: Its HTTP status.
        """
        super().__init__(f"HTTP {status} with no JSON of Vault's: check the proxy in front of it")
        self.status = status

    @property
    def is_transient(self) -> bool:
        """Whether a later request may succeed."""
        return self.status in BUSY

    def __str__(self) -> str:
        return str(self.args[0])


class StrictAdapter(JSONAdapter):  # pyright: ignore[reportUntypedBaseClass]
    """An adapter that accepts Vault's own responses alone."""

    def request(self, *args: Any, **options: Any) -> Any:
        """Send a request.

        :raises NotVaultError: The response is not Vault's.
        """
        try:
            response: Any = super().request(*args, **options)
        except RecursionError:
            raise NotVaultError(_OK) from None
        is_empty = isinstance(response, requests.Response) and response.status_code != _OK
        if not isinstance(response, dict) and not is_empty:
            raise NotVaultError(_OK)
        return response

    def _raise_for_error(self, method: str, url: str, response: Any) -> None:
        """Raise hvac's exception for Vault's own errors."""
        try:
            document: object = response.json()
        except (ValueError, RecursionError):
            document = None
        answer = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        errors = answer.get("errors")
        if not isinstance(errors, list) and not isinstance(answer.get("data"), dict):
            raise NotVaultError(response.status_code)
        lines = [str(error) for error in cast("list[object]", errors or [])]
        raise VaultError.from_status(
            response.status_code, response.reason, errors=lines, method=method, url=url, text=None, json=answer
        )


def is_refusal(error: VaultError, *, login: bool = False) -> bool:
    """Return whether Vault itself refused: a request for lack of rights, or a login.

    (Vault docs: "HTTP API", on status codes)
    """
    errors = [str(each) for each in error.errors or ()]
    status = type(error).__name__
    if status == "Forbidden":
        return bool(errors) if login else any("permission denied" in each for each in errors)
    return login and status == "InvalidRequest" and any(each.startswith(_LOGIN_REFUSALS) for each in errors)

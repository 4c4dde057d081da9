"""Vault's own responses, told apart from those of whatever stands before it."""
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
"""How auth methods begin to say, with status 400, that they don't let a token in. (Vault's source:
`vault-plugin-auth-jwt` and `vault-plugin-auth-kubernetes`, "path_login.go")"""


class NotVaultError(VaultError):  # pyright: ignore[reportUntypedBaseClass]
    """A response that is not Vault's: HTML, nothing, or JSON of somebody else."""

    def __init__(self, status: int) -> None:
        """
        :param status: Its HTTP status.
        """
        super().__init__(f"HTTP {status} with no JSON of Vault's: see what stands before it")
        self.status = status

    @property
    def is_transient(self) -> bool:
        """Whether it may be another in a moment."""
        return self.status in BUSY

    def __str__(self) -> str:
        return str(self.args[0])


class StrictAdapter(JSONAdapter):  # pyright: ignore[reportUntypedBaseClass]
    """Requests to a Vault, whose responses must be its own."""

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
    """Tell whether Vault itself refused: a request for want of rights, or a login.

    (Vault docs: "HTTP API", on status codes)
    """
    errors = [str(each) for each in error.errors or ()]
    status = type(error).__name__
    if status == "Forbidden":
        return bool(errors) if login else any("permission denied" in each for each in errors)
    return login and status == "InvalidRequest" and any(each.startswith(_LOGIN_REFUSALS) for each in errors)

"""How Azure says no."""

from typing import Any


class AzureError(Exception):
    """A refusal, with Azure's status, code and message."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None) -> None:
        """
        :param status: HTTP status.
        :param code: Azure's error code.
        :param message: Azure's text.
        :param inner: The code of Key Vault's inner error.
        """
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner

    def body(self) -> dict[str, Any]:
        """As the Resource Manager and Key Vault write it."""
        inner = {"innererror": {"code": self.inner}} if self.inner else {}
        return {"error": {"code": self.code, "message": self.message, **inner}}


class NodeError(AzureError):
    """A refusal of a node's metadata endpoint."""

    def __init__(self, message: str) -> None:
        """
        :param message: The endpoint's text.
        """
        super().__init__(400, "invalid_request", message)

    def body(self) -> dict[str, Any]:
        """As the endpoint writes it."""
        return {"error": self.code, "error_description": self.message}


class TokenError(Exception):
    """A refusal of the directory."""

    def __init__(self, number: int, message: str, *, error: str = "invalid_client", status: int = 401) -> None:
        """
        :param number: The AADSTS number. (Microsoft Learn: "Microsoft Entra error codes")
        :param message: The directory's text.
        :param error: OAuth's error code.
        :param status: HTTP status.
        """
        super().__init__(f"AADSTS{number}: {message}")
        self.number = number
        self.error = error
        self.status = status

    def body(self) -> dict[str, Any]:
        """As the directory writes it."""
        return {"error": self.error, "error_description": str(self), "error_codes": [self.number]}

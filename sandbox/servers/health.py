"""Asking a server whether it is well."""

import ssl
from typing import Any

import requests

from ..errors import NotReadyError
from ..process import Process


def fetch_health(process: Process, url: str, *, timeout: float, **options: Any) -> requests.Response:
    """Return the response of a server's health endpoint.

    :param process: The server's process.
    :param url: The endpoint.
    :param timeout: Seconds to wait for it.
    :param options: More of `requests.get`.
    :raises NotReadyError: The process doesn't run, or the server can't be asked; with the client's reason.
    """
    if process.pid is None:
        raise NotReadyError("it doesn't run")
    try:
        return requests.get(url, timeout=timeout, **options)
    except requests.RequestException as error:
        raise NotReadyError(format_reason(error)) from None


def require_success(response: requests.Response) -> bool:
    """Return true for a response that says that all is well.

    :param response: The response.
    :raises NotReadyError: It doesn't; with what it says.
    """
    if not response.ok:
        raise NotReadyError(f"it responds {response.status_code} {response.text[:200].strip()}".rstrip())
    return True


def format_reason(error: BaseException) -> str:
    """Format what a client's error comes from, without the errors that are wrapped around it.

    :param error: The error.
    """
    inner = _inner(error)
    while inner is not None:
        error, inner = inner, _inner(inner)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _inner(error: BaseException) -> BaseException | None:
    wrapped = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
    return next((each for each in wrapped if isinstance(each, BaseException)), None)

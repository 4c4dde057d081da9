"""Azure Resource Manager, with the caller's login."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import requests
from azure.core.exceptions import AzureError

from strongroom.components.azure.client import UNEXPECTED, describe_unexpected
from strongroom.components.azure.clouds import CLOUDS
from strongroom.components.azure.credentials import find_credential
from strongroom.components.response_limits import BoundedAdapter
from strongroom.components.retry import CONNECT_SECONDS, READ_SECONDS, make_retry

from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from ..pulumi.stack import KeyVaultStore

_PAGES = 200
_VERBS = {"GET": "read", "PUT": "write", "DELETE": "delete"}


class ResourceManager:
    """A client of Azure Resource Manager, with the caller's rights."""

    def __init__(self, store: KeyVaultStore) -> None:
        """Log in.

        :param store: The vault, whose cloud and tenant it is.
        :raises NotAllowedError: The cloud's Resource Manager is unknown, or the caller has no login.
        """
        host = next((cloud.management for cloud in CLOUDS.values() if cloud.authority == store.authority), None)
        if host is None:
            raise NotAllowedError(f"the Resource Manager of {store.authority} is not known")
        self._base = f"https://{host}"
        self._session = requests.Session()
        self._session.mount("https://", BoundedAdapter(max_retries=make_retry()))
        try:
            token = find_credential(store.tenant_id, store.authority).get_token(f"{self._base}/.default")
        except AzureError as error:
            raise NotAllowedError(f"the caller has no login to Azure: {type(error).__name__}") from None
        except UNEXPECTED as error:
            raise UnreachableError(describe_unexpected(store.authority, error)) from None
        self._session.headers["Authorization"] = f"Bearer {token.token}"

    def get(self, path: str, version: str) -> Mapping[str, Any]:
        """Read a resource.

        :raises AbsentError: There is none.
        :raises NotAllowedError: The caller may not read it.
        :raises OpsError: The Resource Manager can't be reached.
        """
        return self._get(f"{self._base}{path}", version)

    def list(self, path: str, version: str) -> Sequence[Mapping[str, Any]]:
        """Read all pages of a list.

        :raises NotAllowedError: The caller may not read it.
        :raises OpsError: The Resource Manager can't be reached.
        """
        found: list[Mapping[str, Any]] = []
        following: object = f"{self._base}{path}"
        for page in range(_PAGES):
            answer = self._get(str(following), version if not page else None)
            value: object = answer.get("value")
            if not isinstance(value, list):
                raise OpsError(f"{self._base}'s response for {path} has no list: check the proxy in front of it")
            found += [cast("Mapping[str, Any]", each) for each in cast("list[object]", value) if isinstance(each, dict)]
            following = answer.get("nextLink")
            if not isinstance(following, str) or not following.startswith(f"{self._base}/"):
                return found
        raise OpsError(f"{self._base} has more than {_PAGES} pages for {path}")

    def delete(self, path: str, version: str) -> None:
        """Delete a resource.

        :raises AbsentError: There is none.
        :raises NotAllowedError: The caller may not delete it.
        :raises OpsError: The Resource Manager can't be reached, or refuses otherwise.
        """
        response = self._send("DELETE", f"{self._base}{path}", version)
        if response.status_code == requests.codes.no_content:
            raise AbsentError("there is nothing of that name")
        self._require_success(response, path)

    def put(self, path: str, version: str, body: Mapping[str, Any]) -> None:
        """Write a resource.

        :raises NotAllowedError: The caller may not write it.
        :raises OpsError: The Resource Manager can't be reached, or refuses otherwise.
        """
        self._require_success(self._send("PUT", f"{self._base}{path}", version, body), path)

    def _require_success(self, response: requests.Response, path: str) -> None:
        if not response.ok:
            raise OpsError(f"{self._base}'s response for {path} is {response.status_code}")

    def _send(
        self, method: str, url: str, version: str | None, body: Mapping[str, Any] | None = None
    ) -> requests.Response:
        parameters = {"api-version": version} if version else {}
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        try:
            response = self._session.request(
                method, url, params=parameters, json=body, timeout=timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{self._base} can't be reached: {type(error).__name__}") from None
        if response.status_code in {401, 403}:
            raise NotAllowedError(f"the caller's login to Azure may not {_VERBS[method]} that")
        if response.status_code == requests.codes.not_found:
            raise AbsentError("there is nothing of that name")
        return response

    def _get(self, url: str, version: str | None) -> Mapping[str, Any]:
        response = self._send("GET", url, version)
        try:
            document: object = response.json()
        except (ValueError, RecursionError):
            document = None
        if response.status_code != requests.codes.ok or not isinstance(document, dict):
            raise OpsError(f"{self._base}'s response {response.status_code} is no document of Azure Resource Manager")
        return cast("Mapping[str, Any]", document)

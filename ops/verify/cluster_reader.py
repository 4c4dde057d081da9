"""Reads of the cluster's documents, whole and bounded."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import json
from collections.abc import Container, Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from kubernetes.client.exceptions import ApiException

from strongroom.policy.rules.rule import at

from ..cluster.client import METADATA_LIST, call_api, connect
from ..errors import OpsError
from ..pulumi.stack import Cluster

_PAGE = 500
_JSON = "application/json"
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""The media type of a document's metadata alone. (Kubernetes docs: "Kubernetes API Concepts")"""

_APPLY = "application/apply-patch+yaml"
_REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""The media type of all groups with their kinds. (Kubernetes docs: "The Kubernetes API", "Aggregated discovery")"""


class ClusterReader:
    """A client of the API server with the caller's rights, for documents of any kind."""

    def __init__(self, cluster: Cluster) -> None:
        """Make a client.

        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        self._api = connect(cluster)

    def get(self, what: str, path: str) -> Mapping[str, Any]:
        """Read a document.

        :param what: The document's title, for errors.
        :param path: Its path, e.g. `/api/v1/namespaces/shop`.
        :raises AbsentError: There is none.
        :raises NotAllowedError: The caller may not read it.
        :raises OpsError: The API server can't be reached.
        """
        return self._call(what, "GET", path)

    def get_metadata(self, what: str, path: str) -> Mapping[str, Any]:
        """Read a document's metadata alone: of a Secret, no value.

        :param what: The document's title, for errors.
        :param path: Its path.
        :raises AbsentError: There is none.
        :raises NotAllowedError: The caller may not read it.
        :raises OpsError: The API server can't be reached.
        """
        return self._call(what, "GET", path, accept=_METADATA)

    def discover(self, root: str) -> Mapping[str, Any]:
        """Read the API groups and their kinds.

        :param root: `/api` or `/apis`.
        :raises OpsError: The API server can't be reached, or is older than 1.30.
        """
        return self._call("list of kinds", "GET", root, accept=_DISCOVERY)

    def list_metadata(self, what: str, path: str) -> Sequence[Mapping[str, Any]]:
        """Read the metadata of all documents of a list: of Secrets, no value.

        :raises AbsentError: The API server has no such kind.
        :raises NotAllowedError: The caller may not list them.
        :raises OpsError: The API server can't be reached.
        """
        return self.list(what, path, accept=METADATA_LIST)

    def list(self, what: str, path: str, *, accept: str = _JSON) -> Sequence[Mapping[str, Any]]:
        """Read all documents of a list, page by page.

        :param accept: The media type.
        :raises AbsentError: The API server has no such kind.
        :raises NotAllowedError: The caller may not list them.
        :raises OpsError: The API server can't be reached.
        """
        found: list[Mapping[str, Any]] = []
        following = ""
        while True:
            query = {"limit": str(_PAGE)} | ({"continue": following} if following else {})
            page = self._call(what, "GET", path, query, accept=accept)
            items: Any = page.get("items")
            if items is None and accept == METADATA_LIST and "items" in page:
                items = []  # as the API server writes an empty list of them
            if not isinstance(items, list) or not all(map(_is_document, cast("list[object]", items))):
                raise OpsError(f"The API server's response for {what} is no list: check the proxy in front of it")
            found.extend(cast("list[Mapping[str, Any]]", items))
            following = str(at(page, "metadata", "continue") or "")
            if not following:
                return found

    def create(self, what: str, path: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a review as a document, which the API server answers and does not keep.

        :raises NotAllowedError: The caller may not create it.
        :raises OpsError: The API server can't be reached.
        """
        return self._call(what, "POST", path, document=document)

    def try_apply(
        self, what: str, path: str, document: Mapping[str, Any], manager: str, *, force: bool
    ) -> Mapping[str, Any]:
        """Try a server-side apply, which the API server does not keep: a dry run.

        :param manager: The field manager.
        :param force: Whether it takes fields from other managers.
        :return: What the object would be, or a Status with the fields that are refused.
        :raises AbsentError: There is no such object, of a kind that can't be made of this.
        :raises NotAllowedError: The caller may not patch it.
        :raises OpsError: The API server can't be reached.
        """
        query = {"dryRun": "All", "fieldManager": manager, "force": str(force).lower()}
        return self._call(what, "PATCH", path, query, document, content=_APPLY, judged=_REFUSED)

    def _call(
        self,
        what: str,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        document: Mapping[str, Any] | None = None,
        *,
        accept: str = _JSON,
        content: str = _JSON,
        judged: Container[int] = (),
    ) -> Mapping[str, Any]:
        def send() -> bytes:
            request = self._api.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": accept, **({"Content-Type": content} if document else {})},
                body=document,
                auth_settings=["BearerToken"],
            )
            response: Any = self._api.call_api(*request)
            if response.status >= HTTPStatus.BAD_REQUEST and response.status not in judged:
                raise ApiException(status=response.status, reason=response.reason)
            return response.data

        response = parse_object(call_api(what, send))
        if response is None:
            raise OpsError(f"The API server's response for {what} is no JSON object: check the proxy in front of it")
        return response


def _is_document(item: object) -> bool:
    metadata: object = cast("dict[str, Any]", item).get("metadata") if isinstance(item, dict) else None
    return isinstance(metadata, dict) and isinstance(cast("dict[str, Any]", metadata).get("name"), str)


def parse_object(content: bytes) -> Mapping[str, Any] | None:
    """Parse a JSON object; `None` if it is something else."""
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", document) if isinstance(document, dict) else None

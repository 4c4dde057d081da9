"""What a kind of damage is, and the hands that do it and undo it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kubernetes import config

from sandbox.azure.store import Document, Store
from sandbox.running import Sandbox
from tests.support.polling import poll_until

_MERGE = {"Content-Type": "application/merge-patch+json"}

Request = tuple[str, str, dict[str, Any]]
"""A request to Vault: its method, path and body."""


@dataclass(frozen=True)
class Damage:
    """One kind of damage."""

    name: str
    """As a test's id."""

    workload: str
    """Whose line must be red."""

    what: str
    """A part of that line."""

    do: "Callable[[Hands], AbstractContextManager[None]]"
    """Does it, and undoes it at the end of the block."""

    def __str__(self) -> str:
        return self.name


class Hands:
    """Somebody with every right at the servers of a sandbox."""

    def __init__(self, world: Sandbox) -> None:
        """
        :param world: The sandbox.
        """
        self._world = world
        self._api = config.new_client_from_config(str(world.api_server.kubeconfig))
        self._vault = world.vault.client()

    @property
    def azure(self) -> Store:
        """What is deployed to the emulator."""
        return self._world.azure.store

    def settle(self) -> None:
        """Wait until what was written has taken effect in the emulator."""
        time.sleep(1.1)

    def kubernetes(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the API server."""
        headers = _MERGE if method == "PATCH" else {"Content-Type": "application/json"}
        request = self._api.param_serialize(
            method,
            path,
            header_params={**headers, "Accept": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self._api.call_api(*request)
        document = json.loads(response.read())
        assert response.status < 300, (method, path, document)
        return document

    def has(self, path: str) -> bool:
        """Return whether the API server has a document."""
        with suppress(AssertionError):
            return bool(self.kubernetes("GET", path))
        return False

    def vault(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request to Vault."""
        return self._vault.adapter.request(method, f"/v1/{path}", json=dict(body or {}))

    def read(self, path: str) -> dict[str, Any]:
        """Read what Vault has at a path."""
        return self.vault("get", path)["data"]


@contextmanager
def changed(hands: Hands, path: str, change: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    """Have a document of the API server edited meanwhile."""
    before = hands.kubernetes("GET", path)
    edited = json.loads(json.dumps(before))
    change(edited)
    _put(hands, path, edited)
    try:
        yield
    finally:
        _put(hands, path, before)


def _put(hands: Hands, path: str, document: dict[str, Any]) -> None:
    """Replace a document, whatever its controller writes to it meanwhile."""
    document["metadata"].pop("managedFields", None)

    def put() -> dict[str, Any]:
        version = hands.kubernetes("GET", path)["metadata"]["resourceVersion"]
        document["metadata"]["resourceVersion"] = version
        return hands.kubernetes("PUT", path, document)

    poll_until(put, 5, ignored=(AssertionError,))


@contextmanager
def gone(hands: Hands, path: str) -> Iterator[None]:
    """Have a document of the API server deleted meanwhile."""
    before = hands.kubernetes("GET", path)
    hands.kubernetes("DELETE", path)
    poll_until(lambda: not hands.has(path), 5)
    for name in ("resourceVersion", "managedFields", "uid", "creationTimestamp", "generation"):
        before["metadata"].pop(name, None)
    try:
        yield
    finally:
        hands.kubernetes("POST", path.rpartition("/")[0], before)


@contextmanager
def added(hands: Hands, *documents: tuple[str, dict[str, Any]]) -> Iterator[None]:
    """Have documents more in the API server meanwhile, each given with the path of its list."""
    for path, document in documents:
        hands.kubernetes("POST", path, document)
    try:
        yield
    finally:
        for path, document in reversed(documents):
            hands.kubernetes("DELETE", f"{path}/{document['metadata']['name']}")


@contextmanager
def written(hands: Hands, path: str, **fields: Any) -> Iterator[None]:
    """Have fields of something that Vault has be others meanwhile."""
    before = hands.read(path)
    hands.vault("post", path, {**before, **fields})
    try:
        yield
    finally:
        # What a role was not given keeps what it has; the default policy can't be deleted.
        if "/role/" in path:
            hands.vault("delete", path)
        hands.vault("post", path, before)


@contextmanager
def made(hands: Hands, *requests: Request, undo: tuple[Request, ...]) -> Iterator[None]:
    """Have something more in Vault meanwhile."""
    try:
        for method, path, body in requests:
            hands.vault(method, path, body)
        yield
    finally:
        for method, path, body in undo:
            hands.vault(method, path, body)


@contextmanager
def resource(hands: Hands, type_: str, part: str, **properties: Any) -> Iterator[None]:
    """Have a resource of Azure's be another meanwhile; deleted if nothing is given."""
    store = hands.azure
    (before,) = [found for found in store.resources(type_) if part in json.dumps(found)]
    if properties:
        store.put(before["id"], type_, {**before, "properties": {**before["properties"], **properties}})
    else:
        store.remove(before["id"])
    hands.settle()
    try:
        yield
    finally:
        store.put(before["id"], type_, before)
        hands.settle()


@contextmanager
def resource_added(hands: Hands, type_: str, id_: str, properties: Document) -> Iterator[None]:
    """Have a resource more in Azure meanwhile."""
    store = hands.azure
    store.put(id_, type_, {"id": id_, "name": id_.rpartition("/")[2], "type": type_, "properties": properties})
    hands.settle()
    try:
        yield
    finally:
        store.remove(id_)
        hands.settle()

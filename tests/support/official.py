"""What a `kubernetes` provider answers to recorded questions: the official one, or the fake."""

import re
from pathlib import Path
from typing import Any

import grpc
import yaml
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.protocol import Servicer
from sandbox.providers.values import Secret, decode, encode

RECORD = Path(__file__).parents[1] / "sandbox" / "providers" / "official_kubernetes.yaml"
"""Questions, and the answers of the official plugin."""

_SEED = bytes(range(32))
_NAME = "Some Thing"
_CLUSTER_SCOPED = {"ClusterRoleBinding", "CSIDriver", "CustomResourceDefinition", "StorageClass"}


class RefusedError(Exception):
    """The provider refused, in these words."""


class InProcess:
    """A fake provider, asked without a connection."""

    def __init__(self, servicer: Servicer) -> None:
        self._servicer = servicer

    def __getattr__(self, method: str) -> Any:
        return lambda request: getattr(self._servicer, method)(request, self)

    def peer(self) -> str:
        return "test"

    def set_trailing_metadata(self, metadata: object) -> None:
        pass

    def abort(self, code: object, details: str) -> None:
        raise RefusedError(details)


def load_record() -> list[dict[str, Any]]:
    """Read the questions with their answers."""
    return yaml.safe_load(RECORD.read_text())["questions"]


def answer(provider: Any, question: dict[str, Any]) -> dict[str, Any]:
    """Ask `provider`, and put what it answers as the record has it."""
    try:
        return _ASKED[question["ask"]](provider, question)
    except RefusedError as error:
        return {"refused": _as_recorded(str(error))}
    except grpc.RpcError as error:
        return {"refused": _as_recorded(str(error.details()))}  # pyright: ignore[reportAttributeAccessIssue] - untyped


def check(provider: Any, question: dict[str, Any], inputs: dict[str, Any], before: Any = None) -> dict[str, Any]:
    """Return `inputs` as `provider` checks them."""
    _, module, kind = question["kind"].split(":")
    whole = {"apiVersion": module.removeprefix("core/"), "kind": kind.removesuffix("Patch"), **inputs}
    request = provider_pb2.CheckRequest(
        urn=urn(question), news=encode(_marked(whole)), olds=encode(before or {}), randomSeed=_SEED
    )
    return decode(provider.Check(request).inputs)


def urn(question: dict[str, Any]) -> str:
    """Name the resource that a question is about."""
    return f"urn:pulumi:stack::project::{question['kind']}::{_NAME}"


def _check(provider: Any, question: dict[str, Any]) -> dict[str, Any]:
    before = check(provider, question, question["before"]) if "before" in question else None
    inputs = _shown(check(provider, question, question["inputs"], before))
    if inputs["metadata"].get("namespace") == "default":
        del inputs["metadata"]["namespace"]  # the official plugin writes it in, and the fake leaves it out
    return {"inputs": inputs}


def _diff(provider: Any, question: dict[str, Any]) -> dict[str, Any]:
    before = check(provider, question, question["before"])
    after = check(provider, question, question["inputs"], before)
    scope = {} if question["kind"].rpartition(":")[2] in _CLUSTER_SCOPED else {"namespace": "default"}
    # The official plugin keeps the inputs among the outputs.
    live = {"apiVersion": before["apiVersion"], "kind": before["kind"], **question.get("live", before)}
    olds = {**live, "metadata": {**scope, **live["metadata"]}, "__inputs": before}
    request = provider_pb2.DiffRequest(
        id="default/it", urn=urn(question), olds=encode(olds), old_inputs=encode(before), news=encode(after)
    )
    reported = provider.Diff(request)
    kinds = provider_pb2.PropertyDiff.Kind
    return {
        "changes": {path: kinds.Name(each.kind).lower() for path, each in sorted(reported.detailedDiff.items())},
        "replaces": sorted(reported.replaces),
        "delete_before_replace": reported.deleteBeforeReplace,
    }


def _create(provider: Any, question: dict[str, Any]) -> dict[str, Any]:
    inputs = check(provider, question, question["inputs"])
    provider.Create(provider_pb2.CreateRequest(urn=urn(question), properties=encode(inputs)))
    return {"refused": None}


def _delete(provider: Any, question: dict[str, Any]) -> dict[str, Any]:
    inputs = check(provider, question, question["inputs"])
    id_ = f"{inputs['metadata'].get('namespace', 'default')}/{inputs['metadata']['name']}"
    state = encode({**inputs, "__inputs": inputs})
    provider.Delete(provider_pb2.DeleteRequest(id=id_, urn=urn(question), properties=state, old_inputs=encode(inputs)))
    return {"refused": None}


_ASKED = {"check": _check, "diff": _diff, "create": _create, "delete": _delete}


def _marked(value: Any) -> Any:
    """Read `{secret: value}` of the record as a secret."""
    if isinstance(value, dict):
        if set(value) == {"secret"}:
            return Secret(value["secret"])
        return {key: _marked(item) for key, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, list) else value


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return {"secret": _shown(value.value)}
    if isinstance(value, dict):
        return {key: _shown(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return re.sub(f"^({_NAME})-[0-9a-z]+$", r"\1-0a1b2c3d", value) if isinstance(value, str) else value


def _as_recorded(text: str) -> str:
    """Leave out the name of the resource in quotes, which is the URN or the id."""
    return re.sub(r'resource "[^"]+"', "resource", text)

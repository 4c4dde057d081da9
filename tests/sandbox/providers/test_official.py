"""The fake `kubernetes` provider answers as the official plugin did when it was asked."""

import json
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import ResourceNotFoundError, api_exception
from pulumi.runtime.proto import provider_pb2

from sandbox.providers import kubernetes
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.protocol import Servicer
from sandbox.providers.values import encode
from tests.support.official import InProcess, answer, load_record

QUESTIONS = [
    pytest.param(
        question,
        id=f"{question['ask']} {question['about']}",
        marks=[pytest.mark.xfail(reason=question["differs"], strict=True)] if "differs" in question else [],
    )
    for question in load_record()
]


def cluster(said: dict[str, Any] | None) -> Any:
    """Build a client of a cluster that says this to every creation; `None` for one without the kind."""

    def find(api_version: str, kind: str) -> Any:
        if said is None:
            raise ResourceNotFoundError(kind)
        return SimpleNamespace(
            group_version=api_version,
            kind=kind,
            namespaced=True,
            create=refuse,
            get=refuse,
            server_side_apply=refuse,
        )

    def refuse(**_: object) -> NoReturn:
        assert said is not None
        error = ApiException(status=said["code"], reason="")
        error.body = json.dumps(said)
        raise api_exception(error)

    return SimpleNamespace(resources=SimpleNamespace(get=find, invalidate_cache=lambda: None))


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_fake_answers_as_the_official_plugin(question: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "_connect", lambda *_: cluster(question.get("server")))
    provider = InProcess(Servicer(KubernetesProvider))
    provider.Configure(provider_pb2.ConfigureRequest(args=encode({})))

    assert answer(provider, question) == question["answer"]


def test_an_object_whose_crd_is_gone_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "_connect", lambda *_: cluster(None))
    provider, kind = KubernetesProvider({}), "kubernetes:example.net/v1:Nothing"

    assert provider.read(kind, "default/it", {"metadata": {"name": "it"}}, {"metadata": {"name": "it"}}) is None
    provider.delete(kind, "default/it", {}, 0)

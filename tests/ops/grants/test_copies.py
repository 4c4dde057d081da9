"""Who reads by a copy in etcd."""

from typing import Any

import yaml

from strongroom import Secret
from strongroom.components.azure.objects import format_objects as of_key_vault
from strongroom.components.vault.backend import build_objects_parameter as of_vault
from strongroom.ops.grants import Granted, Step, list_granted
from strongroom.policy.rules import UNKNOWN, Declared

READERS = Step("readers", "readers of Secrets in shop")
COPY = Step("Kubernetes Secret", "shop/orders-env")


def copied(provider: str, parameters: Any, *files: str) -> Declared:
    data = [{"objectName": file, "key": file} for file in files]
    kind = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
    return Declared(
        kind,
        f"urn::{kind}::shop/orders",
        {
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {
                "provider": provider,
                "parameters": parameters,
                **({"secretObjects": [{"secretName": "orders-env", "data": data}]} if files else {}),
            },
        },
    )


def test_a_copied_object_of_vault_is_read_by_all_who_read_secrets_there() -> None:
    secrets = (Secret(name="a", object="db", key="a", version="3"), Secret(name="b", object="mail", key="b"))
    found = list_granted([copied("vault", {"objects": of_vault("kv", secrets)}, "a")])

    assert found == [Granted("read", (READERS, COPY, Step("path", "kv/data/db")), "vault:/kv/data/db")]
    assert found[0].by == "Kubernetes Secret shop/orders-env"
    assert found[0].grant.who == "readers of Secrets in shop"


def test_a_copied_object_of_key_vault_is_named_as_roles_name_it() -> None:
    secrets = (Secret(name="a", object="web", version_history=2), Secret(name="b", object="web", type="cert"))
    found = list_granted([copied("azure", {"keyvaultName": "KV", "objects": of_key_vault(secrets)}, "a/0", "b")])

    assert {(each.path[-1], each.pattern) for each in found} == {
        (Step("secret", "web", "KV"), "azure:/kv/secrets/web"),
        (Step("certificate", "web", "KV"), "azure:/kv/certificates/web"),
    }


def test_a_class_without_a_copy_gives_nobody_anything() -> None:
    assert list_granted([copied("vault", {"objects": of_vault("kv", (Secret(name="a", object="db", key="a"),))})]) == []


def test_a_copy_of_what_is_not_known_is_still_one() -> None:
    for parameters in (UNKNOWN, {"objects": UNKNOWN}, {"objects": "- {"}, {"objects": yaml.safe_dump([1])}, {}):
        (found,) = list_granted([copied("vault", parameters, "a")])

        assert str(found.path[-1]) == "whatever the SecretProviderClass shop/orders reads" and found.wide
        assert found.grant.who == "readers of Secrets in shop"

"""The fakes know the resources by the names that the SDKs give them."""

import inspect
import string

import pulumi_random
import pulumi_vault
import pytest

from sandbox.providers.random import RandomProvider
from sandbox.providers.vault import KINDS

RESOURCES = {
    resource.pulumi_type: resource
    for resource in (
        pulumi_vault.Mount,
        pulumi_vault.AuthBackend,
        pulumi_vault.Audit,
        pulumi_vault.Policy,
        pulumi_vault.kv.SecretV2,
        pulumi_vault.kubernetes.AuthBackendConfig,
        pulumi_vault.kubernetes.AuthBackendRole,
        pulumi_vault.jwt.AuthBackend,
        pulumi_vault.jwt.AuthBackendRole,
        pulumi_vault.ldap.AuthBackend,
        pulumi_vault.github.AuthBackend,
        pulumi_vault.approle.AuthBackendRole,
        pulumi_vault.UserpassAuthBackendUser,
        pulumi_vault.identity.Group,
        pulumi_vault.identity.GroupAlias,
        pulumi_vault.database.SecretBackendConnection,
        pulumi_vault.database.SecretBackendRole,
        pulumi_vault.database.SecretBackendStaticRole,
        pulumi_vault.generic.Endpoint,
        pulumi_vault.pkisecret.SecretBackendRole,
        pulumi_vault.pkisecret.SecretBackendRootCert,
        pulumi_vault.pkisecret.SecretBackendIntermediateCertRequest,
        pulumi_vault.pkisecret.SecretBackendRootSignIntermediate,
        pulumi_vault.pkisecret.SecretBackendIntermediateSetSigned,
        pulumi_vault.pkisecret.SecretBackendConfigUrls,
    )
}


def properties(resource: type) -> set[str]:
    return {
        getattr(member.fget, "_pulumi_name", "")
        for _, member in inspect.getmembers(resource, lambda member: isinstance(member, property))
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_in_the_table_is_the_sdks(kind: str) -> None:
    entry = KINDS[kind]
    in_path = {name for _, name, _, _ in string.Formatter().parse(entry.path) if name} - {"id"}
    used = {
        *entry.fields,
        *entry.immutable,
        *entry.defaults,
        *entry.computed,
        *entry.elsewhere,
        *entry.answered,
        *in_path,
        *(entry.updatable or ()),
    }

    assert used <= properties(RESOURCES[kind])
    # What names the place of a resource replaces it, unless Vault can move it there.
    assert in_path - set(entry.immutable) == ({"path"} if entry.movable is not None else set())


def test_a_password_has_the_characters_that_were_asked_for() -> None:
    assert pulumi_random.RandomPassword.pulumi_type == "random:index/randomPassword:RandomPassword"
    made = RandomProvider({}).create(
        pulumi_random.RandomPassword.pulumi_type,
        {"length": 40, "special": False, "upper": False, "minNumeric": 30},
        0,
    )[1]["result"]

    assert len(made) == 40
    assert set(made) <= set(string.ascii_lowercase + string.digits)
    assert sum(character.isdigit() for character in made) >= 30

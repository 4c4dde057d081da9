"""Azure Key Vault as a workload meets it: what is made of its answers."""

import pytest
import yaml
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ODataV4Format, ServiceRequestError

from ops.azure import KeyVault, _asked
from ops.cluster import ProviderClass
from ops.errors import OpsError, UnreachableError
from ops.stack import KeyVaultStore
from ops.stores import DeniedError

STORE = KeyVaultStore.model_construct(url="https://kv.vault.azure.net")


def told(error: Exception) -> type[Exception]:
    """What a vault's `error` becomes."""

    def call() -> object:
        raise error

    with pytest.raises((DeniedError, OpsError)) as caught:
        _asked(STORE, call)
    return type(caught.value)


def answered(status: int, text: str = "no", kind: type[HttpResponseError] = HttpResponseError) -> HttpResponseError:
    error = kind(text)
    error.status_code = status
    return error


def of_vault(status: int, code: str, inner: str) -> HttpResponseError:
    """An error with the JSON that a key vault sends."""
    error = answered(status)
    error.error = ODataV4Format({"code": code, "message": "no", "innererror": {"code": inner}})
    return error


@pytest.mark.parametrize("inner", ["ForbiddenByRbac", "ForbiddenByPolicy"])
def test_a_key_vault_that_refuses_has_refused(inner: str) -> None:
    assert told(of_vault(403, "Forbidden", inner)) is DeniedError
    assert told(answered(401, "AADSTS700213: no match", ClientAuthenticationError)) is DeniedError


@pytest.mark.parametrize(
    "error",
    [
        answered(403, "<html>Forbidden</html>"),
        answered(403, "ForbiddenByRbac"),
        of_vault(403, "Forbidden", "ForbiddenByFirewall"),
        of_vault(403, "Forbidden", "ForbiddenByConnection"),
        of_vault(400, "BadParameter", ""),
        answered(401, "<html>log in first</html>", ClientAuthenticationError),
        AttributeError("'list' object has no attribute 'get'"),
        RecursionError(),
    ],
)
def test_what_is_not_the_vaults_own_refusal_is_none(error: Exception) -> None:
    assert told(error) is not DeniedError


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_key_vault_that_can_not_answer_has_refused_nothing(status: int) -> None:
    assert told(answered(status)) is UnreachableError
    assert told(answered(status, "busy", ClientAuthenticationError)) is UnreachableError
    assert told(ServiceRequestError("connection refused")) is UnreachableError


@pytest.mark.parametrize("code", ["AADSTS50166", "AADSTS501661", "AADSTS90061"])
def test_a_directory_that_can_not_check_a_token_has_refused_nothing(code: str) -> None:
    failed = answered(400, f"{code}: Request to External OIDC endpoint failed.", ClientAuthenticationError)
    assert told(failed) is UnreachableError


@pytest.mark.parametrize("kind", ["secrets", "certificate", "", None])
def test_a_kind_of_object_that_is_none_is_named(kind: str | None) -> None:
    entry = yaml.safe_dump({"objectName": "db-pass", "objectType": kind})
    provider_class = ProviderClass("azure", {"objects": yaml.safe_dump({"array": [entry]})})
    vault = KeyVault.__new__(KeyVault)

    with pytest.raises(OpsError, match=f"the objectType {kind!r} of 'db-pass' is none: .* secret, key and cert"):
        vault.promises(provider_class)

"""Azure Key Vault as a workload meets it: what is made of its answers."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ODataV4Format, ServiceRequestError

from strongroom.ops.cluster.client import ProviderClass
from strongroom.ops.errors import OpsError, UnreachableError
from strongroom.ops.pulumi.stack import KeyVaultStore
from strongroom.ops.store.base import CurrentVersion, DeniedError, ExpectedFile, MissingError
from strongroom.ops.store.key_vault import KeyVault, KeyVaultSession, _call

STORE = KeyVaultStore.model_construct(url="https://kv.vault.azure.net")


def reported(error: Exception) -> type[Exception]:
    """What a vault's `error` becomes."""

    def call() -> object:
        raise error

    with pytest.raises((DeniedError, OpsError)) as caught:
        _call(STORE, call)
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
    assert reported(of_vault(403, "Forbidden", inner)) is DeniedError
    assert reported(answered(401, "AADSTS700213: no match", ClientAuthenticationError)) is DeniedError


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
    assert reported(error) is not DeniedError


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_key_vault_that_can_not_answer_has_refused_nothing(status: int) -> None:
    assert reported(answered(status)) is UnreachableError
    assert reported(answered(status, "busy", ClientAuthenticationError)) is UnreachableError
    assert reported(ServiceRequestError("connection refused")) is UnreachableError


@pytest.mark.parametrize("code", ["AADSTS50166", "AADSTS501661", "AADSTS90061"])
def test_a_directory_that_can_not_check_a_token_has_refused_nothing(code: str) -> None:
    failed = answered(400, f"{code}: Request to External OIDC endpoint failed.", ClientAuthenticationError)
    assert reported(failed) is UnreachableError


@pytest.mark.parametrize("kind", ["secrets", "certificate", "", None])
def test_a_kind_of_object_that_is_none_is_named(kind: str | None) -> None:
    with pytest.raises(OpsError, match=f"the objectType {kind!r} of 'db-pass' is not valid: .* secret, key and cert"):
        promise(objectType=kind)


def provider_class(**entry: Any) -> ProviderClass:
    """A class with one object."""
    text = yaml.safe_dump({"objectName": "db-pass", "objectType": "secret", "objectAlias": "db"} | entry)
    return ProviderClass("azure", {"objects": yaml.safe_dump({"array": [text]})})


def promise(**entry: Any) -> ExpectedFile:
    """The file of such a class."""
    (found,) = KeyVault.__new__(KeyVault).list_expected_files(provider_class(**entry))
    return found


class Versions:
    """A vault with a secret's versions, `v1` the oldest, which keeps those that are read."""

    def __init__(self, *enabled: bool | None) -> None:
        self.read: list[str | None] = []
        self.key_id: str | None = None
        self.session = KeyVaultSession.__new__(KeyVaultSession)
        self.session._secrets = self  # pyright: ignore[reportAttributeAccessIssue]
        self.session._store = KeyVault.__new__(KeyVault)
        self.session._store.store = STORE
        self._listed = [
            SimpleNamespace(version=f"v{day}", enabled=each, created_on=datetime(2026, 3, day, tzinfo=UTC))
            for day, each in enumerate(enabled, 1)
        ]

    def list_properties_of_secret_versions(self, name: str) -> list[Any]:
        assert name == "db-pass"
        return self._listed

    def get_secret(self, name: str, version: str | None) -> Any:
        assert name == "db-pass"
        self.read.append(version)
        properties = SimpleNamespace(key_id=self.key_id, content_type="application/x-pkcs12")
        if self._listed:
            found = next(each for each in reversed(self._listed) if version in {None, each.version})
            properties = SimpleNamespace(**{**vars(properties), **vars(found)})
        return SimpleNamespace(value="YQ==", properties=properties)


@pytest.mark.parametrize(
    ("entry", "read"),
    [
        ({"objectVersionHistory": 2}, ["v5", "v4", "v2"]),
        ({"objectVersionHistory": 9}, ["v5", "v4", "v2", "v1"]),
        ({"objectVersionHistory": 2, "objectVersion": "v2"}, ["v2", "v1"]),
        ({"objectVersionHistory": 1}, [None]),
        ({"objectVersion": "v3"}, ["v3"]),
    ],
)
def test_each_version_that_the_provider_mounts_is_read(entry: dict[str, Any], read: list[str | None]) -> None:
    vault = Versions(True, True, False, None, True)
    promise(**entry).read(vault.session)

    assert vault.read == read


@pytest.mark.parametrize(
    ("entry", "object_id"),
    [
        ({}, "secret/db-pass"),
        ({"objectType": "cert"}, "cert/db-pass"),
        ({"objectVersionHistory": 2}, "secret/db-pass/0"),
    ],
)
def test_a_file_has_the_id_by_which_its_version_is_recorded(entry: dict[str, Any], object_id: str) -> None:
    assert promise(**entry).object_id == object_id


@pytest.mark.parametrize("pinned", [None, "v1"])
def test_the_version_that_is_read_has_its_time(pinned: str | None) -> None:
    vault = Versions(True, True)

    assert promise(objectVersion=pinned).find_version(vault.session) == CurrentVersion(
        pinned or "v2", datetime(2026, 3, 1 if pinned else 2, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("enabled", "entry", "part"), [((False,), {}, "object"), ((True, False), {"objectVersion": "v2"}, "version")]
)
def test_a_history_that_begins_with_no_version_is_missing(
    enabled: tuple[bool, ...], entry: dict[str, Any], part: str
) -> None:
    vault = Versions(*enabled)
    with pytest.raises(MissingError) as caught:
        promise(objectVersionHistory=2, **entry).read(vault.session)

    assert (caught.value.part, vault.read) == (part, [])


@pytest.mark.parametrize(
    ("access", "entry", "listed"),
    [
        ("policies", {"objectVersionHistory": 2}, {"secrets"}),
        ("policies", {"objectVersionHistory": 2, "objectType": "cert"}, {"certificates"}),
        ("policies", {}, set[str]()),
        ("rbac", {"objectVersionHistory": 2}, set[str]()),
    ],
)
def test_an_access_policy_lists_the_kind_of_a_history(access: str, entry: dict[str, Any], listed: set[str]) -> None:
    vault = KeyVault.__new__(KeyVault)
    vault.store = STORE.model_copy(update={"access": access})

    assert set(vault._list_allowed(provider_class(**entry))) == listed


@pytest.mark.parametrize("listed", [set[str](), {"keys"}, {"secrets"}])
def test_who_may_list_secrets_need_not_be_refused_those_that_were_deleted(listed: set[str]) -> None:
    session = Versions().session
    session._listed = listed

    assert ("list deleted secrets" in session._list_admin_requests("nobody")) is ("secrets" not in listed)


def test_a_history_says_how_many_versions_are_read() -> None:
    assert promise(objectVersionHistory=3).place == "secret db-pass and up to 3 older versions"


@pytest.mark.parametrize(
    ("key_id", "entry", "contents"),
    [
        (None, {}, {"db": b"YQ=="}),
        (None, {"objectEncoding": "base64"}, {"db": b"a"}),
        (None, {"objectVersionHistory": 2}, {"db/0": b"YQ==", "db/1": b"YQ=="}),
        ("of a certificate", {"objectFormat": "pfx", "objectEncoding": "base64"}, {"db": b"a"}),
        ("of a certificate", {}, {"db": None}),
    ],
)
def test_a_file_has_the_value_unless_the_provider_converts_it(
    key_id: str | None, entry: dict[str, Any], contents: dict[str, bytes | None]
) -> None:
    vault = Versions(True, True)
    vault.key_id = key_id

    assert promise(**entry).read_contents(vault.session) == contents


def test_a_file_has_the_mode_that_its_class_names() -> None:
    assert (promise().mode, promise(filePermission="0440").mode) == (0o644, 0o440)

"""How a workload's secrets are named in a vault, and asked for by a class."""

import string

import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom import Secret
from strongroom.components.azure.objects import (
    VaultObject,
    check_readable,
    find_clashes,
    find_vault_object,
    format_objects,
    name_vault_object,
)
from strongroom.components.azure.types import check_object_name
from tests.support.texts import WORD, texts

OBJECT_NAMES = st.text(alphabet=string.ascii_letters + string.digits + "-", min_size=1, max_size=60)


def entries(*secrets: Secret) -> list[dict[str, object]]:
    document = yaml.safe_load(format_objects(secrets))
    assert set(document) == {"array"}
    assert all(isinstance(text, str) for text in document["array"])
    return [yaml.safe_load(text) for text in document["array"]]


def test_objects_are_yaml_within_yaml() -> None:
    first = Secret(name="db-password", object="db-pass", key="password", file_permission="0444")
    second = Secret(name="a", object="b")

    assert format_objects([first, second]) == (
        "array:\n"
        "- |\n  objectName: db-pass-password\n  objectType: secret\n  objectAlias: db-password\n"
        "  filePermission: '0444'\n"
        "- |\n  objectName: b\n  objectType: secret\n  objectAlias: a\n"
    )


def test_every_option_is_spelled_as_the_provider_spells_it() -> None:
    assert entries(
        Secret(name="tls.pfx", object="web", format="pfx"),
        Secret(name="web.crt", object="web", type="cert", version="0" * 32),
        Secret(name="signing", object="sign", type="key"),
        Secret(name="blob", object="blob", encoding="base64", version_history=3),
    ) == [
        # The vault has base64; the file gets bytes.
        {
            "objectName": "web",
            "objectType": "secret",
            "objectAlias": "tls.pfx",
            "objectFormat": "pfx",
            "objectEncoding": "base64",
        },
        {"objectName": "web", "objectType": "cert", "objectAlias": "web.crt", "objectVersion": "0" * 32},
        {"objectName": "sign", "objectType": "key", "objectAlias": "signing"},
        {
            "objectName": "blob",
            "objectType": "secret",
            "objectAlias": "blob",
            "objectVersionHistory": 3,
            "objectEncoding": "base64",
        },
    ]


@given(
    name=texts(WORD, f"{WORD}.", 40),
    object_=OBJECT_NAMES,
    version=st.none() | st.text("0123456789abcdef", min_size=32, max_size=32),
    permission=st.none() | st.text(string.octdigits, min_size=3, max_size=3).map("0{}".format),
)
def test_any_legal_secret_survives_the_encoding(
    name: str, object_: str, version: str | None, permission: str | None
) -> None:
    secret = Secret(name=name, object=object_, version=version, file_permission=permission)

    (entry,) = entries(secret)

    assert entry["objectAlias"] == name
    assert entry["objectName"] == object_
    assert entry.get("objectVersion") == version
    assert entry.get("filePermission") == permission


def test_each_key_of_an_object_is_an_object_of_its_own() -> None:
    assert find_vault_object(Secret(name="f", object="db", key="user")) == VaultObject("secrets", "db-user")
    assert find_vault_object(Secret(name="f", object="db")) == VaultObject("secrets", "db")
    assert find_vault_object(Secret(name="f", object="db", type="key")) == VaultObject("keys", "db")


@given(st.lists(st.tuples(OBJECT_NAMES, st.none() | OBJECT_NAMES), max_size=6))
def test_names_without_a_clash_are_all_different(named: list[tuple[str, str | None]]) -> None:
    distinct = set(named)
    if not find_clashes(named):
        assert len({name_vault_object(*each).lower() for each in distinct}) == len(distinct)
    else:
        assert len({name_vault_object(*each).lower() for each in distinct}) < len(distinct)


@given(st.text(max_size=140))
def test_a_suggested_name_is_legal(name: str) -> None:
    message = check_object_name(name)
    if message and "e.g. " in message:
        assert check_object_name(message.rpartition("e.g. '")[2].rstrip("'")) is None


def secret(**fields: str) -> Secret:
    return Secret(name="f", **fields)  # pyright: ignore[reportArgumentType]


def test_what_key_vault_can_not_serve_is_reported() -> None:
    assert "e.g. 'db-pass'" in (check_readable(secret(object="db_pass")) or "")
    assert "e.g. 'team-db'" in (check_readable(secret(object="team/db")) or "")
    assert "has a key" in (check_readable(secret(object="a", key="b", type="cert")) or "")
    assert "public half" in (check_readable(secret(object="a", format="pfx", type="cert")) or "")
    assert "with '..'" in (check_readable(Secret(name="a..b", object="a")) or "")
    assert "a PFX is binary" in (check_readable(secret(object="a", format="pfx", env="A")) or "")
    assert "kept in base64" in (check_readable(secret(object="a", format="pfx", encoding="hex")) or "")
    assert check_readable(secret(object="a", format="pfx", encoding="base64")) is None
    assert check_readable(secret(object="a", format="pem", env="A")) is None
    assert "32 hexadecimal digits" in (check_readable(secret(object="a", version="1")) or "")
    assert check_readable(secret(object="a", key="b", type="secret", encoding="hex")) is None

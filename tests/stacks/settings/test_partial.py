"""What is valid in a configuration that is not valid as a whole."""

from typing import Any

import pytest

from strongroom.components.delivery import AgentInjector
from strongroom.stacks.settings.partial import read_valid
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

RAW: dict[str, Any] = {
    "backend": {
        "kind": "vault",
        "address": 5,
        "tokenTtl": "2h",
        "tokenMaxTtl": "soon",
        "logins": [{"kind": "oidc"}, 3, {"kind": "ldap", "path": "corp", "url": "ldap"}],
    },
    "workloads": [
        {"name": "Orders", "namespace": "shop", "delivery": "agent-injector", "secrets": "none"},
        {"name": "bills", "namespace": "shop", "secrets": [{"name": "a", "object": "../x", "type": "file"}]},
    ],
    "seeds": {"db": {"user": "eve", "password": 5}},
    "kubernetes": {"install": "apt", "context": "here"},
}


def read_vault(settings: Settings) -> VaultSettings:
    assert isinstance(settings.backend, VaultSettings)
    return settings.backend


def test_what_is_valid_beside_what_is_not_is_read_with_its_defaults() -> None:
    settings = read_valid(Settings, RAW)

    assert read_vault(settings).token_ttl == 7200
    assert read_vault(settings).mount.path == "secret"
    assert settings.kubernetes.context == "here"
    assert settings.workloads[0].delivery == AgentInjector()
    assert read_vault(settings).model_fields_set == {*RAW["backend"]} - {"tokenTtl", "tokenMaxTtl"} | {
        "token_ttl",
        "token_max_ttl",
    }


def test_what_has_no_valid_value_is_absent() -> None:
    settings = read_valid(Settings, RAW)

    for part, field in (
        (read_vault(settings), "address"),
        (read_vault(settings), "token_max_ttl"),
        (settings.kubernetes, "install"),
        (settings.workloads[0], "secrets"),
        (settings.workloads[1].secrets[0], "type"),
    ):
        with pytest.raises(AttributeError, match=field):
            getattr(part, field)


def test_entries_keep_their_places_and_keys() -> None:
    settings = read_valid(Settings, RAW)

    assert [type(login).__name__ for login in read_vault(settings).logins][::2] == ["OidcLogin", "LdapLogin"]
    assert read_vault(settings).logins[2].path == "corp"
    assert list(settings.seeds) == ["db"]
    assert settings.seeds["db"].keys() == {"user", "password"}  # pyright: ignore[reportAttributeAccessIssue]


def test_a_name_of_an_invalid_form_is_kept_since_others_refer_to_it() -> None:
    assert read_valid(Settings, RAW).workloads[0].path == "shop/Orders"


def test_what_a_misspelled_key_was_meant_for_is_absent() -> None:
    settings = read_valid(Settings, {"kubernetes": {"oidcIsuer": "x"}}, [("kubernetes", "oidcIssuer")])

    with pytest.raises(AttributeError, match="oidc_issuer"):
        _ = settings.kubernetes.oidc_issuer

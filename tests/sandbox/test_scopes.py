"""The emulator's directory reads scopes as the real one does."""

import pytest

from sandbox.azure.errors import TokenError
from sandbox.azure.scopes import audience_of

VAULT = "https://vault.azure.net"


@pytest.mark.parametrize(
    "scope",
    [
        f"{VAULT}/.default",
        f"{VAULT}/.default openid offline_access profile",  # azidentity
        f"openid  profile {VAULT}/.default",
    ],
)
def test_a_scope_names_its_resource_whatever_stands_beside_it(scope: str) -> None:
    assert audience_of(scope) == VAULT


def test_a_resource_keeps_its_own_slash() -> None:
    assert audience_of(f"{VAULT}//.default") == f"{VAULT}/"


@pytest.mark.parametrize(
    ("scope", "number"),
    [
        ("", 900144),
        ("openid profile", 1002012),
        (VAULT, 1002012),
        (f"{VAULT}/.default https://management.azure.com/.default", 28000),
    ],
)
def test_what_the_real_directory_refuses_is_refused_in_its_words(scope: str, number: int) -> None:
    with pytest.raises(TokenError) as refused:
        audience_of(scope)

    assert refused.value.number == number
    assert refused.value.status == 400

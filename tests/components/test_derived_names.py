"""Every name that is derived for a server: one for each thing, folded, and no longer than the server allows."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strongroom.components.azure.identities.base import Federation
from strongroom.components.azure.identities.identity_binding import name_binding
from strongroom.components.azure.identities.workload_identity import name_credential, name_identity
from strongroom.components.derived_names import derive_name
from strongroom.components.vault.auth.external_group import build_group_name
from strongroom.components.vault.auth.kubernetes import build_reviewer_name
from strongroom.components.vault.policy import build_policy_name, build_policy_prefix
from tests.support.soak import bounded
from tests.support.texts import WORD, labels, paths, texts

SHORT = st.sampled_from(["a", "b", "a-b", "a-b-c", "b-c", "c", "a" * 63, "a-" * 31 + "a"]) | labels()
PATH = st.sampled_from(["ldap", "ldap.a", "LDAP", "a/b", "a-b", "a", "A", "a_b", "x" * 512]) | paths()
GROUP = st.sampled_from(["b", "a.b", "B", "Domain Admins", "domain-admins", " ", ".", "\u017f", "s"]) | st.text(
    min_size=1, max_size=300
)
STACK = texts(f"{WORD}.", f"{WORD}.", 99)


def named_by_stack(stack: str, namespace: str, account: str) -> str:
    with patch("pulumi.get_stack", return_value=stack):
        return name_identity(namespace, account)


@dataclass(frozen=True)
class Derived:
    """A kind of derived name."""

    derive: Callable[..., str]
    parts: tuple[st.SearchStrategy[str], ...]
    legal: str
    """What the server allows."""


DERIVED = {
    "policy": Derived(
        lambda path, ns, name: build_policy_name(path, f"{ns}/{name}"), (PATH, SHORT, SHORT), r"[^A-Z\s]{1,256}"
    ),
    "policy prefix": Derived(build_policy_prefix, (PATH,), r"[a-z0-9_/-]{1,128}\."),
    "identity group": Derived(build_group_name, (PATH, GROUP), r"[a-z0-9._/-]{1,255}"),
    "reviewer": Derived(build_reviewer_name, (PATH,), r"[a-z0-9]([a-z0-9-]{0,251}[a-z0-9])?"),
    "identity": Derived(named_by_stack, (STACK, SHORT, SHORT), r"[a-z0-9][a-z0-9_-]{2,127}"),
    "federated credential": Derived(
        lambda ns, name: name_credential(Federation("", ns, name)), (SHORT, SHORT), r"[a-z0-9][a-z0-9_-]{2,119}"
    ),
    "identity binding": Derived(name_binding, (SHORT, SHORT), r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"),
    "any": Derived(
        lambda first, second: derive_name(first, second, separator="-", limit=63),
        (GROUP, GROUP),
        r"[a-z0-9][a-z0-9-]{0,62}",
    ),
}


@pytest.mark.parametrize("kind", DERIVED)
@given(data=st.data())
@bounded(50)
def test_a_derived_name_is_legal_and_stands_for_one_thing(kind: str, data: st.DataObject) -> None:
    derived = DERIVED[kind]
    first, second = data.draw(st.tuples(*derived.parts)), data.draw(st.tuples(*derived.parts))
    names = derived.derive(*first), derived.derive(*second)
    for name in names:
        assert re.fullmatch(derived.legal, name), name
    assert (names[0].casefold() == names[1].casefold()) is (first == second)


@given(PATH, PATH, SHORT)
@example("a", "a.b", "c")
@example("ldap", "LDAP", "a")
def test_a_methods_prefix_covers_no_policy_of_another(path: str, other: str, workload: str) -> None:
    covered = build_policy_name(other, f"{workload}/{workload}").startswith(build_policy_prefix(path))

    assert covered is (path == other)


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("identity group", ("ldap", "a.b"), ("ldap.a", "b")),
        ("identity group", ("ldap", "Admins"), ("ldap", "admins")),
        ("identity binding", ("a-b", "c"), ("a", "b-c")),
        ("identity binding", ("n" * 63, "a"), ("n" * 63, "b")),
        ("reviewer", ("a/b",), ("a-b",)),
        ("identity", ("dev.a", "n", "w"), ("dev-a", "n", "w")),
    ],
)
def test_what_once_met_is_two(kind: str, first: tuple[str, ...], second: tuple[str, ...]) -> None:
    derive = DERIVED[kind].derive

    assert derive(*first) != derive(*second)


def test_nobody_takes_a_digested_name_by_writing_it() -> None:
    digested = derive_name("Admins", separator=".", limit=63)

    assert derive_name(digested, separator=".", limit=63) != digested


def test_common_names_are_as_they_read() -> None:
    assert build_policy_name("kubernetes", "shop/orders") == "kubernetes.shop.orders"
    assert build_policy_name("team/kubernetes", "shop/orders") == "team/kubernetes.shop.orders"
    assert build_group_name("ldap", "auditors") == "ldap.auditors"
    assert build_reviewer_name("kubernetes") == "vault-token-reviewer-kubernetes"
    assert named_by_stack("dev", "shop", "orders") == "dev_shop_orders"
    assert name_credential(Federation("", "shop", "orders-api")) == "shop_orders-api"
    assert name_binding("shop", "orders") == "shop-orders"

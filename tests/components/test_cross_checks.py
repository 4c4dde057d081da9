"""Checks between the fields of arguments: a program is refused what a stack file is refused."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from strongroom import (
    AgentInjector,
    CertManagerTls,
    Chart,
    Cloud,
    Contents,
    GeneratedTls,
    KeyVaultArgs,
    KubernetesAuthArgs,
    Network,
    NewVault,
    SecretAttributes,
    TransitSeal,
    VaultCertificate,
    VaultKey,
    VaultNode,
    VaultSecret,
)
from strongroom.components.azure.vault_args import PrivateEndpoint
from strongroom.components.cross_checks import skip_invalid
from strongroom.components.errors import InvalidArgumentsError

TENANT = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{TENANT}/resourceGroups/shop/providers"
SUBNET = f"{GROUP}/Microsoft.Network/virtualNetworks/shop/subnets/vault"


def vault(contents: Contents, made: NewVault | None = None) -> KeyVaultArgs:
    return KeyVaultArgs(vault_name="kv-shop", resource_group="shop", tenant_id=TENANT, contents=contents, vault=made)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VaultKey(type="EC", size=2048), "size: This argument is not allowed with type 'EC'"),
        (lambda: VaultKey(curve="P-256"), "curve: This argument is not allowed with type 'RSA'"),
        (lambda: VaultKey(type="EC", operations=["sign", "wrapKey"]), "operations: wrapKey is not possible"),
        (lambda: VaultKey(expires_after="P90D"), "rotate_after: This argument is required with expires_after"),
        (lambda: VaultKey(rotate_after="P1D"), "rotate_after: 'P1D' is too short"),
        (lambda: VaultKey(rotate_after="P7D", expires_after="P8D"), "expires_after: 'P8D' is too short"),
        (lambda: VaultKey(rotate_after="P30D", expires_after="P30D"), "longer than rotate_after, 'P30D'"),
        (lambda: VaultCertificate(subject="CN=a", key_type="EC", key_size=2048), "key_size: .* with key_type 'EC'"),
        (lambda: VaultCertificate(subject="CN=a", validity_months=1), "renew_before_days: 30 must be 27 or less"),
        (
            lambda: SecretAttributes(
                not_before=datetime(2027, 2, 1, tzinfo=UTC), expires=datetime(2027, 1, 1, tzinfo=UTC)
            ),
            "expires: '2027-01-01T00:00:00Z' is not after not_before",
        ),
        (lambda: Network(public=False), "private_endpoint: This argument is required with public: false"),
        (
            lambda: Network(public=False, allowed_subnet_ids=[SUBNET], private_endpoint={"subnet_id": SUBNET}),  # pyright: ignore[reportArgumentType]
            "(?s)allowed_subnet_ids: .*private_endpoint: .*exactly one of virtual_network_id .* dns_zone_id",
        ),
        (lambda: vault(Contents(keys={"k": VaultKey(type="RSA-HSM")})), r"contents.keys\['k'\].type: .* vault.sku"),
        (lambda: Contents(secrets={"s": VaultSecret(value="x" * 25601)}), r"secrets\['s'\].value: The value has 25601"),
        (lambda: GeneratedTls(validity_hours=24), "validity_hours: 24 must be more than renew_before_hours, 720"),
        (lambda: CertManagerTls(duration="1h", renew_before="1h"), "renew_before: 1h must be less than duration, 1h"),
        (
            lambda: TransitSeal(address="http://vault.example.net", key_name="k", token_secret="t"),
            "address: 'http://vault.example.net' is plain HTTP",
        ),
        (lambda: Chart(name="a", repository="http://a", version="1.0.0"), "repository: 'http://a' is not a chart rep"),
        (lambda: Chart(name="a", repository="https://a", version="1"), "version: '1' is not a chart's version"),
        (
            lambda: Cloud(name="AzureStackCloud", authority="https://a", vault_domain="a"),
            "authority: .* directory's host",
        ),
        (lambda: VaultNode(address="vault:8200"), "address: 'vault:8200' is not a URL"),
        (lambda: AgentInjector(mode="init", render_interval="5m"), "render_interval: .* with mode 'sidecar' only"),
        (lambda: KubernetesAuthArgs(create=False, reviewer="client"), "reviewer: .* with create: true only"),
    ],
)
def test_what_a_stack_file_is_refused_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=message):
        make()


def test_arguments_at_their_limits_are_taken() -> None:
    VaultKey(type="EC-HSM", curve="P-521", operations=["sign"], rotate_after="P21D", expires_after="P28D")
    VaultCertificate(subject="CN=a", validity_months=2, renew_before_days=54)
    Network(
        public=False,
        private_endpoint=PrivateEndpoint(subnet_id=SUBNET, virtual_network_id=SUBNET.split("/subnets", maxsplit=1)[0]),
    )
    hardware = Contents(keys={"k": VaultKey(type="RSA-HSM")}, secrets={"s": VaultSecret(value="x" * 25600)})
    vault(hardware, NewVault(sku="premium"))
    TransitSeal(address="http://127.0.0.1:8200", key_name="k", token_secret="t")
    AgentInjector(mode="init")


def test_only_what_is_invalid_by_itself_ends_a_check() -> None:
    class Pair(BaseModel):
        first: int
        second: int

    @skip_invalid
    def compare(pair: Pair) -> Iterator[str]:
        yield "first is read"
        yield f"second is {pair.second}"

    assert list(compare(Pair.model_construct(first=1))) == ["first is read"]
    assert list(compare(Pair(first=1, second=2))) == ["first is read", "second is 2"]

    @skip_invalid
    def misspell(pair: Pair) -> Iterator[str]:
        yield pair.third  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]

    with pytest.raises(AttributeError, match="third"):
        list(misspell(Pair(first=1, second=2)))

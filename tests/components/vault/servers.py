"""Vault servers of every kind, whose values are kept in golden/."""

from components.vault.seal import AzureKeyVaultSeal, TransitSeal
from components.vault.tls import CertManagerTls, SuppliedTls
from components.vault.wanted import Image, Ingress, Monitor, Resources, Server, Spread, Volume

SERVERS = {
    "dev": Server(mode="dev"),
    "standalone-plain": Server(mode="standalone", audit=None, spread=Spread(one_a_node=False)),
    "standalone": Server(mode="standalone", tls=SuppliedTls("vault-certificate"), data=Volume("20Gi", "fast")),
    "ha": Server(tls=CertManagerTls()),
    "ha-azure": Server(
        name="store",
        namespace="secrets",
        replicas=5,
        max_unavailable=2,
        tls=CertManagerTls(issuer="corporate"),
        seal=AzureKeyVaultSeal(
            tenant_id="11111111-1111-1111-1111-111111111111",
            client_id="22222222-2222-2222-2222-222222222222",
            vault_name="seals",
            key_name="vault-unseal",
        ),
    ),
    "ha-transit-everything": Server(
        tls=SuppliedTls("vault-certificate"),
        seal=TransitSeal(
            address="https://other.example.net:8200",
            key_name="unseal",
            token_secret="transit-token",
            mount_path="/seals/",
            ca_secret="other-ca",
        ),
        data=Volume("50Gi", "fast"),
        audit=Volume("100Gi"),
        resources=Resources(cpu="2", memory="8Gi"),
        spread=Spread(over=("topology.kubernetes.io/zone", "kubernetes.io/hostname"), one_a_node=False),
        ui=True,
        ingress=Ingress(
            host="vault.example.net",
            tls_secret="vault-public",
            class_name="nginx",
            annotations={"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"},
        ),
        monitor=Monitor(interval="1m", labels={"team": "platform"}),
        image=Image("mirror.example.net/hashicorp/vault", "1.21.3", ("mirror",)),
        extra_values={
            "injector": {"enabled": True},
            "server": {
                "logLevel": "debug",
                "tolerations": [{"key": "vault", "operator": "Exists"}],
                "dataStorage": {"size": "60Gi"},
            },
        },
    ),
}

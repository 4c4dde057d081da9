"""Vault servers of every kind, whose values are kept in golden/."""

from strongroom.components.vault.server.args import Image, Ingress, Monitor, Resources, Spread, VaultServerSpec
from strongroom.components.vault.server.seal import AzureKeyVaultSeal, TransitSeal
from strongroom.components.vault.server.storage import (
    ConsulStorage,
    MysqlStorage,
    PostgresStorage,
    RaftStorage,
    SpannerStorage,
    Volume,
)
from strongroom.components.vault.server.tls import CertManagerTls, GeneratedTls, SuppliedTls

SERVERS = {
    "dev": VaultServerSpec(mode="dev"),
    "standalone-plain": VaultServerSpec(mode="standalone", audit=None, spread=Spread(one_a_node=False)),
    "standalone": VaultServerSpec(
        mode="standalone",
        tls=SuppliedTls(secret="vault-certificate"),
        storage=RaftStorage(volume=Volume(size="20Gi", storage_class="fast")),
    ),
    "ha": VaultServerSpec(tls=GeneratedTls()),
    "ha-consul": VaultServerSpec(
        replicas=2,
        tls=CertManagerTls(),
        storage=ConsulStorage(address="consul.example.net:8501", secret="consul-token", ca_secret="consul-ca"),
    ),
    "ha-postgresql": VaultServerSpec(tls=CertManagerTls(), storage=PostgresStorage(secret="vault-database")),
    "ha-mysql": VaultServerSpec(
        tls=CertManagerTls(),
        storage=MysqlStorage(address="mysql.example.net:3306", secret="vault-database", ca_secret="mysql-ca"),
    ),
    "standalone-spanner": VaultServerSpec(
        mode="standalone",
        tls=CertManagerTls(),
        storage=SpannerStorage(
            database="projects/p/instances/i/databases/vault", service_account="vault@p.iam.gserviceaccount.com"
        ),
    ),
    "ha-azure": VaultServerSpec(
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
    "ha-transit-everything": VaultServerSpec(
        tls=SuppliedTls(secret="vault-certificate"),
        seal=TransitSeal(
            address="https://other.example.net:8200",
            key_name="unseal",
            token_secret="transit-token",
            mount_path="/seals/",
            ca_secret="other-ca",
        ),
        storage=RaftStorage(volume=Volume(size="50Gi", storage_class="fast")),
        audit=Volume(size="100Gi"),
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
        image=Image(repository="mirror.example.net/hashicorp/vault", tag="1.21.3", pull_secrets=("mirror",)),
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

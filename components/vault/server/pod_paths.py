"""Where things are inside a Vault server's pod."""

DATA_DIRECTORY = "/vault/data"
AUDIT_DIRECTORY = "/vault/audit"
TLS_DIRECTORY = "/vault/tls"
TRANSIT_CA_DIRECTORY = "/vault/transit-ca"
STORAGE_CA_DIRECTORY = "/vault/storage-ca"

"""What is said where nothing answers, or something else."""

from .explanation import AZURE_DOCS, AZURE_ISSUES, DRIVER_DOCS, DRIVER_ISSUES, VAULT_ISSUES, Explanation, explanation

NETWORK: tuple[Explanation, ...] = (
    explanation(
        "certificate authority",
        r"x509: certificate signed by unknown authority",
        "the provider does not know the CA of the store's certificate",
        "set backend.caCertificate, which Strongroom's own installation mounts for it; with install 'existing' mount "
        "it (csi.volumes of the vault chart) and set backend.providerCaPath",
        f'{VAULT_ISSUES}: "not a general issue. Couldn\'t find any docs."; {DRIVER_ISSUES}: "failed to verify '
        'certificate: x509: certificate signed by unknown authority"',
    ),
    explanation(
        "certificate's name",
        r"x509: certificate is (?:valid for|not valid for)|cannot validate certificate for",
        "the store's certificate bears another name than the address",
        "set backend.tlsServerName to the name that it bears",
        'Vault docs: "Vault CSI Provider Configurations"',
    ),
    explanation(
        "unknown host",
        r"no such host|Temporary failure in name resolution|server misbehaving",
        "the nodes' DNS does not know the store's name: it is wrong, or a private zone is not linked to their network",
        "compare the class's keyvaultName or vaultAddress; for a private endpoint link the zone "
        "privatelink.vaultcore.azure.net to the nodes' network. Providers use the nodes' DNS, not the cluster's",
        f'{AZURE_ISSUES}: "Support for private endpoint - private dns names"',
    ),
    explanation(
        "store not reached",
        r"connection refused|i/o timeout|no route to host|connection reset by peer|network is unreachable",
        "nothing answers at the store's address, or a firewall or a network policy keeps the provider's pods from it",
        "try the address from a pod with hostNetwork on that node; allow the providers' pods to leave",
        AZURE_DOCS,
    ),
    explanation(
        "nothing came in time",
        r"context deadline exceeded|context canceled|code = DeadlineExceeded",
        "the store did not answer before kubelet gave up: often there is no vault of that name, or a firewall drops "
        "what leaves the nodes",
        "compare the class's keyvaultName with the vault, letter by letter; then try the vault's and the directory's "
        "addresses from a pod with hostNetwork",
        f'{AZURE_ISSUES}: "MountVolume.SetUp failed for volume "my-secrets-store" : rpc error: code = '
        'DeadlineExceeded desc = context deadline exceeded"',
    ),
    explanation(
        "volume waited for",
        r"timed out waiting for the condition|Unable to attach or mount volumes",
        "kubelet waits for a volume; this says no cause",
        "look for an event of the same pod that begins with MountVolume.SetUp",
        DRIVER_DOCS,
    ),
)
"""In the order in which they are tried: what says more comes first."""

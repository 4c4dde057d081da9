"""Messages of connections that failed."""

from .explanation import (
    ANY,
    AZURE_DOCS,
    AZURE_ISSUES,
    DRIVER_DOCS,
    DRIVER_ISSUES,
    VAULT_ISSUES,
    Explanation,
    build_explanation,
)

_STORE = (
    r"secrets store objects|failed to mount objects|objectType:|error making mount request|failed to login"
    r"|/v1/(?:auth|sys|\S+/data)/|\.vault(?:core)?\.(?:azure|usgovcloudapi)|login\.(?:microsoft|partner)|\bagent\."
    r"|vault\.read\(|keyvault\."
)
"""Signs of a message about a request to a store, or to Microsoft Entra ID before it."""

_DIRECTORY = r"login\.(?:microsoftonline|partner\.microsoftonline|chinacloudapi)"

_SILENT = r"connection refused|i/o timeout|no route to host|connection reset by peer|network is unreachable"

_CERTIFICATE = rf"{_STORE}|vault|\A\W*(?:tls: [^\n]*)?x509: [^\n]*\Z"
"""The same for a certificate; a message of nothing else may be of the store's."""

NETWORK: tuple[Explanation, ...] = (
    build_explanation(
        "CA file of the SecretProviderClass",
        r"Error loading CA (?:File|Path)|error (?:loading|reading) CA",
        "there is no CA at the SecretProviderClass's vaultCACertPath or vaultCACertDirectory: it is a path inside "
        "the provider's pods",
        "with kubernetes.install 'helm' pulumi up mounts backend.caCertificate there; with 'existing' mount the CA "
        "(csi.volumes and csi.volumeMounts of the vault chart) and set backend.providerCaPath to where it is",
        'Vault docs: "Secret provider class"; seen on a node',
    ),
    build_explanation(
        "HTTP where HTTPS is spoken",
        r"Client sent an HTTP request to an HTTPS server",
        "the SecretProviderClass's vaultAddress says http, and Vault speaks https there",
        "set backend.address to https://…, with backend.caCertificate where its CA is not a public one; then pulumi up",
        'Vault docs: "TCP listener configuration"',
    ),
    build_explanation(
        "HTTPS where HTTP is spoken",
        r"server gave HTTP response to HTTPS client",
        "the SecretProviderClass's vaultAddress says https, and what answers there speaks http: a listener with "
        "tls_disable, or something else on that port",
        "turn TLS on in Vault's listener, which is the right answer in production; otherwise set backend.address to "
        "http://…, then pulumi up",
        'Vault docs: "TCP listener configuration"',
        context=f"{_STORE}|vault|:8200",
    ),
    build_explanation(
        "an expired certificate",
        r"certificate has expired or is not yet valid",
        "the store's certificate has expired; or, where the message says that the current time is before a date, the "
        "node's clock is wrong",
        "renew the certificate of the server in the URL (Vault's listener: then vault operator, SIGHUP or a restart), "
        "and see that something renews it; compare the node's clock",
        'Go: "crypto/x509"; Vault docs: "TCP listener configuration"',
        context=_CERTIFICATE,
    ),
    build_explanation(
        "a certificate before Azure",
        r"x509: ",
        "something between the nodes and Azure shows a certificate of its own: a proxy that opens TLS",
        "except the vault's and Entra ID's names from it, or add its CA to the nodes",
        AZURE_DOCS,
        context=rf"{_DIRECTORY}|\.vault(?:core)?\.azure",
    ),
    build_explanation(
        "certificate authority",
        r"x509: certificate signed by unknown authority",
        "the provider does not know the CA of the store's certificate",
        "set backend.caCertificate, which Strongroom's own installation mounts for it; with install 'existing' mount "
        "it (csi.volumes of the vault chart) and set backend.providerCaPath",
        f'{VAULT_ISSUES}: "not a general issue. Couldn\'t find any docs."; {DRIVER_ISSUES}: "failed to verify '
        'certificate: x509: certificate signed by unknown authority"',
        context=_CERTIFICATE,
    ),
    build_explanation(
        "certificate's name",
        r"x509: certificate is (?:valid for|not valid for)|cannot validate certificate for"
        r"|relies on legacy Common Name",
        "the store's certificate bears another name than the address",
        "set backend.tlsServerName to the name that it bears",
        'Vault docs: "Vault CSI Provider Configurations"',
        context=_CERTIFICATE,
    ),
    build_explanation(
        "unknown host",
        r"no such host|Temporary failure in name resolution|server misbehaving|dial tcp: lookup \S+ on \S+: "
        r"|dial tcp: lookup \S+: ",
        "the nodes' DNS does not know the store's name, or does not answer: the name is wrong, is one of the cluster's "
        "own (a Service's, which nodes may not know), or a private zone is not linked to the nodes' network",
        "compare the SecretProviderClass's keyvaultName or vaultAddress. Providers with hostNetwork use the nodes' "
        "DNS, not the cluster's: there name a Service's address, or run the provider without hostNetwork; for a "
        "private endpoint link the zone privatelink.vaultcore.azure.net to the nodes' network",
        f'{AZURE_ISSUES}: "Support for private endpoint - private dns names"',
        context=_STORE,
    ),
    build_explanation(
        "Entra ID not reached",
        rf"{_DIRECTORY}[\s\S]{{0,300}}?(?:{_SILENT}|deadline exceeded|EOF)",
        "Microsoft Entra ID does not answer from the nodes, so that the provider gets no token; the vault was not "
        "asked yet",
        "let the nodes out to login.microsoftonline.com:443 (firewall, proxy, network policy)",
        'Microsoft Learn: "Outbound network and FQDN rules for AKS clusters"',
    ),
    build_explanation(
        "store not reached",
        rf"{_SILENT}|https?://[^\s\"]+\\?\": (?:context deadline exceeded|EOF|net/http: )",
        "nothing answers at the store's address, or a firewall or a network policy keeps the provider's pods from it",
        "try the address from a pod with hostNetwork on that node; allow the providers' pods to leave",
        AZURE_DOCS,
        context=_STORE,
    ),
    build_explanation(
        "nothing came in time",
        r"context deadline exceeded|context canceled|code = DeadlineExceeded|RST_STREAM with error code: CANCEL",
        "kubelet gave up after two minutes, and nothing says what it waited for: the store's provider is down or hangs "
        "on that node (the driver waits for it in silence), or the store did not answer it: no vault of that name, or "
        "a firewall that drops what leaves the nodes",
        "kubectl get pods -n kube-system -o wide: is the provider's pod ready on that node, and what does its log say? "
        "Then compare keyvaultName or vaultAddress, and try the store's address from a pod with hostNetwork there",
        f'{AZURE_ISSUES}: "MountVolume.SetUp failed for volume "my-secrets-store" : rpc error: code = '
        'DeadlineExceeded desc = context deadline exceeded"; seen on a node with driver 1.6',
        context=rf"{_STORE}|MountVolume|StatusCode=0|code = |FailedMount",
    ),
    build_explanation(
        "volume waited for",
        r"timed out waiting for the condition|Unable to attach or mount volumes",
        "kubelet waits for a volume; this says no cause",
        "look for an event of the same pod that begins with MountVolume.SetUp",
        DRIVER_DOCS,
        follows=(ANY,),
    ),
    build_explanation(
        "something that does not answer",
        rf"{_SILENT}|no such host|context deadline exceeded|Too Many Requests|\A(?![\s\S]*(?:{_STORE}))[\s\S]*x509: ",
        "something does not answer, or shows a certificate that is not trusted, and the text does "
        "not say that it is the "
        "secrets' store: most likely it is what the application itself calls",
        "compare the address with the store's (vaultAddress, or <vault>.vault.azure.net). If it is another's, secrets "
        "are not the cause: look at that server",
        f'{DRIVER_DOCS}; Kubernetes docs: "Debug Services"',
        follows=(ANY,),
    ),
)
"""In the order of matching: the more specific ones come first."""

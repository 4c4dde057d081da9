"""Messages of the driver, its providers and the stores, and what they mean."""

import re
from dataclasses import dataclass

_DRIVER_DOCS = 'Secrets Store CSI Driver docs: "Troubleshooting"'
_AZURE_DOCS = 'Azure Key Vault provider docs: "Troubleshooting"'
_IDENTITY_DOCS = 'Microsoft Learn: "Microsoft Entra authentication and authorization error codes"'
_VAULT_CODES = 'Microsoft Learn: "Azure Key Vault REST API error codes"'
_AZURE_ISSUES = "Azure/secrets-store-csi-driver-provider-azure"
_DRIVER_ISSUES = "kubernetes-sigs/secrets-store-csi-driver"
_VAULT_ISSUES = "hashicorp/vault-csi-provider"
_K8S_AUTH = 'Vault docs: "Kubernetes auth method"'


@dataclass(frozen=True)
class Explanation:
    """What a message means."""

    name: str
    """What it is called here."""

    pattern: re.Pattern[str]
    """What is found in it."""

    meaning: str
    fix: str

    source: str
    """Where the message comes from: a documentation page, or an issue, by its title."""


def _of(name: str, pattern: str, meaning: str, fix: str, source: str) -> Explanation:
    return Explanation(name, re.compile(pattern, re.IGNORECASE), meaning, fix, source)


EXPLANATIONS: tuple[Explanation, ...] = (
    _of(
        "no driver on the node",
        r"driver name secrets-store\.csi\.k8s\.io not found in the list of registered CSI drivers",
        "no pod of the Secrets Store CSI driver has registered itself on the pod's node",
        "install the driver (kubernetes.install), or have its DaemonSet tolerate the node's taints; on distributions "
        "with a kubelet directory of their own set linux.kubeletRootDir in charts.secrets-store-csi-driver.values",
        _DRIVER_DOCS,
    ),
    _of(
        "no CSIDriver object",
        r'volume mode "?Ephemeral"? not supported by driver secrets-store\.csi\.k8s\.io',
        "the driver's pods run, and its CSIDriver object is missing",
        "install the driver again, whole",
        f'{_DRIVER_ISSUES}: "Failed Mount - volume mode "Ephemeral" not supported by driver secrets-store.csi.k8s.io '
        '(no CSIDriver object)"',
    ),
    _of(
        "a second driver",
        r"CSIDriver \\?\"secrets-store\.csi\.k8s\.io\\?\" in namespace .{0,20}exists and cannot be imported",
        "a driver of another release, or the AKS add-on's, is installed already",
        "keep one: set kubernetes.install to 'addon' or 'existing', or remove the other driver first",
        f'{_AZURE_ISSUES}: "Unable to continue with install: CSIDriver "secrets-store.csi.k8s.io""',
    ),
    _of(
        "provider not found",
        r"provider not found: provider|failed to find provider binary|error connecting to provider"
        r"|secrets-store-csi-providers/\S+: no such file",
        "the driver found no provider of the class's name on the pod's node",
        "install the provider (kubernetes.providers), and have its DaemonSet run on that node, with its socket in a "
        "directory that the driver looks in (/var/run/secrets-store-csi-providers)",
        f'{_AZURE_DOCS}; source of the driver: "provider not found"',
    ),
    _of(
        "no class",
        r"failed to get secretproviderclass \S+|secretproviderclasses?\.secrets-store\.csi\.x-k8s\.io \S+ not found",
        "there is no SecretProviderClass of that name in the pod's namespace",
        "pulumi up makes it again; in other stacks, write it to the namespace of the pod",
        _DRIVER_DOCS,
    ),
    _of(
        "volume not read-only",
        r"Readonly is not true in request",
        "the pod's volume lacks readOnly: true, which the driver insists on",
        "pulumi up; in other stacks, set csi.readOnly: true",
        'Secrets Store CSI Driver docs: "Usage"',
    ),
    _of(
        "several identity flags",
        r"only one identity mode can be enabled at a time|cannot enable both pod identity and",
        "the class sets more than one of useVMManagedIdentity, usePodIdentity and useAzureTokenProxy",
        "keep one of them, or none for workload identity: pulumi refresh, then pulumi up, takes the class back",
        'Azure Key Vault provider docs: "Identity Access Modes"',
    ),
    _of(
        "no service account token",
        r"service account tokens not found|token for audience \S+ not found"
        r"|service account tokens are required for identity binding",
        "the driver handed on no token of the service account: the CSIDriver's tokenRequests lack the audience",
        "add the audience to tokenRequests of the driver's chart: kubernetes.audiences with install 'helm'; "
        "api://AzureADTokenExchange for workload identity",
        f'{_AZURE_ISSUES}: "Failed to parse workload identity tokens, service account tokens not found, when using '
        'Workload Identity"',
    ),
    _of(
        "no credentials on the volume",
        r"nodePublishSecretRef secret is not set|could not find client(?:id|secret) in secrets",
        "the class names no identity, so that the provider looks for a service principal's credentials, and the volume "
        "has none",
        "for workload identity set clientID in the class (pulumi up); for a service principal set nodePublishSecretRef "
        "to a Secret with clientid and clientsecret, labelled secrets-store.csi.k8s.io/used=true",
        f'{_AZURE_ISSUES}: "Unable to mount secrets on windows-node using Workload Identity"',
    ),
    _of(
        "no pod identity",
        r"no azure identity found for request|nmi response failed with status code"
        r"|getting assigned identities for pod .{0,200} failed",
        "aad-pod-identity knows no identity of the pod: its AzureIdentityBinding's selector and the pod's label "
        "aadpodidbinding differ, or MIC has not assigned it yet",
        "compare the two, and read MIC's log; better, leave pod identity, which is archived: identity.mode "
        "'workload-identity'",
        _AZURE_DOCS,
    ),
    _of(
        "no identity of the node",
        r"Identity not found",
        "the nodes have no identity with the class's userAssignedIdentityID",
        "assign it to the node pools' scale sets, or correct backend.identity.clientId",
        f'{_AZURE_ISSUES}: ""Identity not found""',
    ),
    _of(
        "federated credential: issuer",
        r"AADSTS700211",
        "no federated credential of the identity names the cluster's issuer",
        "set kubernetes.oidcIssuer to the issuer letter by letter, its last '/' included (az aks show --query "
        "oidcIssuerProfile.issuerUrl)",
        'Azure/azure-workload-identity: "AADSTS700211 invalid_client"',
    ),
    _of(
        "federated credential: audience",
        r"AADSTS700212",
        "the federated credential names another audience than the token",
        "both must be api://AzureADTokenExchange: pulumi refresh, then pulumi up",
        _IDENTITY_DOCS,
    ),
    _of(
        "federated credential: subject",
        r"AADSTS700213",
        "the federated credential names another subject than the pod's service account",
        "it must be system:serviceaccount:<namespace>:<name> of the account that the pod runs as: pulumi refresh, then "
        "pulumi up; a pod without serviceAccountName runs as 'default'",
        f'{_IDENTITY_DOCS}; {_AZURE_ISSUES}: "Unable to mount secret when using workload identity"',
    ),
    _of(
        "federated credential",
        r"AADSTS70021\b|AADSTS70025\b|No matching federated identity record found",
        "no federated credential of the identity matches the token's issuer, subject and audience; a new one takes "
        "seconds to minutes to take effect",
        "wait some minutes where it is new; else compare it with the assertion that the message shows: pulumi refresh, "
        "then pulumi up",
        'Azure/azure-workload-identity: "AADSTS70021: No matching federated identity record found for presented '
        'assertion."',
    ),
    _of(
        "signing key",
        r"AADSTS7000272|AADSTS700027\b",
        "the directory does not know the key that signed the token, or could not read it at the issuer",
        "wait: a new key is seen after up to half an hour; the issuer's discovery document must be public",
        _IDENTITY_DOCS,
    ),
    _of(
        "expired token",
        r"AADSTS700024",
        "the service account's token has expired, or the cluster's clock is wrong",
        "compare the nodes' time with the directory's",
        _IDENTITY_DOCS,
    ),
    _of(
        "unknown identity",
        r"AADSTS700016|AADSTS90002",
        "the tenant knows no identity with the class's clientID, or there is no such tenant",
        "the identity was deleted or made anew: pulumi refresh, then pulumi up; or correct backend.tenantId",
        _IDENTITY_DOCS,
    ),
    _of(
        "a service principal's secret",
        r"AADSTS7000215|AADSTS7000222",
        "the service principal's secret is wrong, or has expired",
        "make a new one, and set clientSecret (pulumi config set --secret strongroom:clientSecret)",
        _IDENTITY_DOCS,
    ),
    _of(
        "firewall of the vault",
        r"ForbiddenByFirewall|Client address is not authorized and caller is not a trusted service",
        "the vault's firewall keeps the nodes' address out",
        "allow the nodes' subnet or outbound address: backend.vault.network.allowedSubnetIds, allowedIpRanges",
        f'{_AZURE_ISSUES}: "Is service endpoint supported for AKS - Azure Keyvault?"',
    ),
    _of(
        "private vault",
        r"ForbiddenByConnection|Public network access is disabled and request is not from a trusted service",
        "the vault has no public address, and its name leads the nodes to the public one",
        "link the private DNS zone privatelink.vaultcore.azure.net to the nodes' network, and have that network use "
        "Azure's DNS",
        f'{_AZURE_ISSUES}: "Is service endpoint supported for AKS - Azure Keyvault?", "Support for private endpoint - '
        'private dns names"',
    ),
    _of(
        "role assignment",
        r"ForbiddenByRbac|Caller is not authorized to perform action on resource|DeniedWithNoValidRBAC",
        "no role assignment of the identity covers the object, or it has not taken effect yet",
        "wait up to ten minutes where it is new; else pulumi refresh, then pulumi up",
        f'{_AZURE_ISSUES}: "Pod with CSI volume does not mount when using Azure RBAC permission model on Azure Key '
        'Vault"',
    ),
    _of(
        "access policy",
        r"ForbiddenByPolicy|does not have (?:secrets|keys|certificates) \w+ permission on key vault|AccessDenied",
        "no access policy of the vault allows it, or the vault decides by roles meanwhile",
        "pulumi refresh, then pulumi up",
        _VAULT_CODES,
    ),
    _of(
        "throttling",
        r"StatusCode=429|RESPONSE 429|Code: 429|TooManyRequests|Too Many Requests|too many requests were received",
        "the store answers too many requests: each pod reads each of its objects at each rotation",
        "raise kubernetes.rotationPollInterval, spread large deployments, or use several vaults",
        f'{_AZURE_ISSUES}: "429 from key vault unhandled."; {_DRIVER_ISSUES}: "KeyVault 429 TooManyRequests led to '
        'infinite loop in workqueue without exponential backoff"',
    ),
    _of(
        "disabled object",
        r"SecretDisabled|not allowed on a disabled (?:secret|key|certificate)",
        "the object, or that version of it, is disabled",
        "enable it (az keyvault secret set-attributes --enabled true), or name another version",
        _VAULT_CODES,
    ),
    _of(
        "missing object",
        r"SecretNotFound|KeyNotFound|CertificateNotFound|was not found in this key vault",
        "the vault has no such object, or no such version of it",
        "write it, or correct the workload's secrets: a key of an object is the object <object>-<key>",
        f'{_AZURE_ISSUES}: "Ignore non-existent secrets"',
    ),
    _of(
        "missing key",
        r'key "[^"]*" does not exist at the secret path|no such key|there is no key \S+',
        "the object is there, and has no such key",
        "write the key, or correct it in the workload's secrets",
        'source of the Vault CSI provider: "does not exist at the secret path"',
    ),
    _of(
        "alias in secretObjects",
        r"file matching objectName .{1,300}? not found in the pod",
        "secretObjects names a file that the mount has not: with an alias, objectName is the alias",
        "pulumi refresh, then pulumi up, takes the class back; in other stacks, write the alias",
        f'{_AZURE_ISSUES}: "Kubernetes Secret Sync Requires the alias as an ObjectName"',
    ),
    _of(
        "sync not allowed",
        r"secrets is forbidden: User .{0,200}cannot (?:create|patch|update|list|watch|get) resource",
        "the driver may not write Kubernetes Secrets",
        "set syncSecret.enabled in the driver's chart, as Strongroom's own installation does",
        _AZURE_DOCS,
    ),
    _of(
        "no Kubernetes Secret yet",
        r'secret "[^"]+" not found',
        "a variable's Kubernetes Secret is not there: the driver makes it when the first pod mounts the class, so the "
        "mount failed, or syncSecret is off",
        "look at the pod's FailedMount events, and at the class's secretObjects",
        'Secrets Store CSI Driver docs: "Sync as Kubernetes Secret"',
    ),
    _of(
        "sealed Vault",
        r"Vault is sealed",
        "Vault is sealed, and gives nothing to anybody",
        "unseal it: pulumi up where the stack opens it (backend.bootstrap), or vault operator unseal",
        f'{_VAULT_ISSUES}: "error making mount request: failed to login: Error making API request"',
    ),
    _of(
        "Vault's namespace",
        r"missing client token|namespace not found|no handler for route",
        "the request went to a path that Vault, or that namespace of it, has not: on Vault Enterprise and HCP the "
        "namespace is missing or another",
        "set backend.namespace (HCP: admin), and compare the class's vaultNamespace and vaultAuthMountPath",
        'hashicorp/vault-plugin-auth-kubernetes: "Missing Client Token in Authenticating in vault-agent-init '
        'Container"',
    ),
    _of(
        "Vault role",
        r"invalid role name|role \\?\"[^\"]+\\?\" could not be found",
        "the auth method has no role of the class's roleName",
        "pulumi refresh, then pulumi up",
        f'{_VAULT_ISSUES}: "mounting from Vault fails with "invalid role name""',
    ),
    _of(
        "audience of the role",
        r"invalid audience \(aud\) claim|claim \\?\"aud\\?\" is invalid|audience claim does not match"
        r"|jwt valid for audience\(s\)",
        "the role wants another audience than the token has",
        "role, class and token must have the same, which backend.audience sets: pulumi refresh, then pulumi up",
        'hashicorp/vault: "JWT/OIDC config for Kubernetes fails with audience claim does not match any expected '
        'audience"',
    ),
    _of(
        "accounts of the role",
        r"service account name not authorized|namespace not authorized"
        r"|sub claim does not match|error validating claims",
        "the role admits other service accounts, or other namespaces, than the pod's",
        "pulumi refresh, then pulumi up; a pod without serviceAccountName runs as 'default'",
        _K8S_AUTH,
    ),
    _of(
        "expired reviewer",
        r"tokenreviews.{0,120}(?:forbidden|unauthorized)|service account unauthorized|lookup failed: "
        r"\[?(?:invalid bearer token|service account)|Token has been invalidated",
        "the API server refuses the token with which Vault reviews others: it has expired, its service account is gone "
        "or lacks system:auth-delegator",
        "make Vault a new one: pulumi refresh, then pulumi up (backend.auth.reviewer: service-account); never give it "
        "a pod's token, which expires; or use backend.auth.kind 'jwt', which reviews nothing",
        'hashicorp/vault: "After upgrading to vault 1.9.2 the vault-0 pod is throwing error"; coreos/vault-operator: '
        '"Unable to Log in to the Kubernetes auth backend using the service account token"',
    ),
    _of(
        "token of the provider",
        r"failed to create a service account token for requesting pod"
        r"|cannot create resource \\?\"serviceaccounts/token\\?\"",
        "the driver handed no token of the class's audience to Vault's provider, which may not make one itself",
        "add the audience to the CSIDriver's tokenRequests (kubernetes.audiences), or let the provider's service "
        "account create serviceaccounts/token",
        f'{_VAULT_ISSUES}: "problems with CLusterRole resources"',
    ),
    _of(
        "Vault refuses the login",
        r"/login\s[\s\S]{0,80}?Code: 403|failed to login: [\s\S]{0,300}?permission denied",
        "Vault refuses the login and says no more: the role admits another account, there is no such auth method, or "
        "the token with which Vault reviews others has expired",
        "run doctor for the workload: it compares the role, and names the reviewer; Vault's own log says 'login "
        "unauthorized due to'",
        f'{_VAULT_ISSUES}: "grpc.code=Unknown err="error making mount request: failed to login: 403 errors"',
    ),
    _of(
        "Vault's policy",
        r"URL: GET [\s\S]{0,300}?Code: 403|error requesting secret[\s\S]{0,400}?permission denied|permission denied",
        "the workload is let in, and its policy does not cover that path",
        "pulumi refresh, then pulumi up; with KV version 2 a policy's path has /data/ in it",
        f'{_DRIVER_ISSUES}: "Permission denied when trying to create a pod"; Vault docs: "Policies"',
    ),
    _of(
        "missing path in Vault",
        r"Code: 404|empty response from \"",
        "Vault has nothing at that path, or its version was deleted or destroyed",
        "write the object (vault kv put), or correct object and version in the workload's secrets",
        'Vault docs: "KV secrets engine - version 2 (API)"',
    ),
    _of(
        "certificate authority",
        r"x509: certificate signed by unknown authority",
        "the provider does not know the CA of the store's certificate",
        "set backend.caCertificate, which Strongroom's own installation mounts for it; with install 'existing' mount "
        "it (csi.volumes of the vault chart) and set backend.providerCaPath",
        f'{_VAULT_ISSUES}: "not a general issue. Couldn\'t find any docs."; {_DRIVER_ISSUES}: "failed to verify '
        'certificate: x509: certificate signed by unknown authority"',
    ),
    _of(
        "certificate's name",
        r"x509: certificate is (?:valid for|not valid for)|cannot validate certificate for",
        "the store's certificate bears another name than the address",
        "set backend.tlsServerName to the name that it bears",
        'Vault docs: "Vault CSI Provider Configurations"',
    ),
    _of(
        "unknown host",
        r"no such host|Temporary failure in name resolution|server misbehaving",
        "the nodes' DNS does not know the store's name: it is wrong, or a private zone is not linked to their network",
        "compare the class's keyvaultName or vaultAddress; for a private endpoint link the zone "
        "privatelink.vaultcore.azure.net to the nodes' network. Providers use the nodes' DNS, not the cluster's",
        f'{_AZURE_ISSUES}: "Support for private endpoint - private dns names"',
    ),
    _of(
        "store not reached",
        r"connection refused|i/o timeout|no route to host|connection reset by peer|network is unreachable",
        "nothing answers at the store's address, or a firewall or a network policy keeps the provider's pods from it",
        "try the address from a pod with hostNetwork on that node; allow the providers' pods to leave",
        _AZURE_DOCS,
    ),
    _of(
        "webhook",
        r"failed calling webhook",
        "what changes pods as they are created does not answer: the Vault Agent injector, or akv2k8s's env injector",
        "look at the pods and endpoints of the Service that the message names, and at what keeps the API server from "
        "it",
        'hashicorp/vault-k8s: "vault-k8s and istio service mesh don\'t work together"',
    ),
    _of(
        "message too large",
        r"received message larger than max",
        "the class's files have more than 4 MiB together",
        "split the workload's secrets, or raise maxCallRecvMsgSize of the driver's chart",
        _DRIVER_DOCS,
    ),
    _of(
        "nothing came in time",
        r"context deadline exceeded|context canceled|code = DeadlineExceeded",
        "the store did not answer before kubelet gave up: often there is no vault of that name, or a firewall drops "
        "what leaves the nodes",
        "compare the class's keyvaultName with the vault, letter by letter; then try the vault's and the directory's "
        "addresses from a pod with hostNetwork",
        f'{_AZURE_ISSUES}: "MountVolume.SetUp failed for volume "my-secrets-store" : rpc error: code = '
        'DeadlineExceeded desc = context deadline exceeded"',
    ),
    _of(
        "volume waited for",
        r"timed out waiting for the condition|Unable to attach or mount volumes",
        "kubelet waits for a volume; this says no cause",
        "look for an event of the same pod that begins with MountVolume.SetUp",
        _DRIVER_DOCS,
    ),
)
"""In the order in which they are tried: what says more comes first."""

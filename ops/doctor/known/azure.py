"""What the Azure provider, Microsoft Entra ID and Key Vault say."""

from .explanation import AZURE_DOCS, AZURE_ISSUES, DRIVER_ISSUES, Explanation, explanation

_IDENTITY_DOCS = 'Microsoft Learn: "Microsoft Entra authentication and authorization error codes"'
_VAULT_CODES = 'Microsoft Learn: "Azure Key Vault REST API error codes"'

AZURE: tuple[Explanation, ...] = (
    explanation(
        "several identity flags",
        r"only one identity mode can be enabled at a time|cannot enable both pod identity and",
        "the class sets more than one of useVMManagedIdentity, usePodIdentity and useAzureTokenProxy",
        "keep one of them, or none for workload identity: pulumi refresh, then pulumi up, takes the class back",
        'Azure Key Vault provider docs: "Identity Access Modes"',
    ),
    explanation(
        "no service account token",
        r"service account tokens not found|token for audience \S+ not found"
        r"|service account tokens are required for identity binding",
        "the driver handed on no token of the service account: the CSIDriver's tokenRequests lack the audience",
        "add the audience to tokenRequests of the driver's chart: kubernetes.audiences with install 'helm'; "
        "api://AzureADTokenExchange for workload identity",
        f'{AZURE_ISSUES}: "Failed to parse workload identity tokens, service account tokens not found, when using '
        'Workload Identity"',
    ),
    explanation(
        "no credentials on the volume",
        r"nodePublishSecretRef secret is not set|could not find client(?:id|secret) in secrets",
        "the class names no identity, so that the provider looks for a service principal's credentials, and the volume "
        "has none",
        "for workload identity set clientID in the class (pulumi up); for a service principal set nodePublishSecretRef "
        "to a Secret with clientid and clientsecret, labelled secrets-store.csi.k8s.io/used=true",
        f'{AZURE_ISSUES}: "Unable to mount secrets on windows-node using Workload Identity"',
    ),
    explanation(
        "no pod identity",
        r"no azure identity found for request|nmi response failed with status code"
        r"|getting assigned identities for pod .{0,200} failed",
        "aad-pod-identity knows no identity of the pod: its AzureIdentityBinding's selector and the pod's label "
        "aadpodidbinding differ, or MIC has not assigned it yet",
        "compare the two, and read MIC's log; better, leave pod identity, which is archived: identity.mode "
        "'workload-identity'",
        AZURE_DOCS,
    ),
    explanation(
        "no identity of the node",
        r"Identity not found",
        "the nodes have no identity with the class's userAssignedIdentityID",
        "assign it to the node pools' scale sets, or correct backend.identity.clientId",
        f'{AZURE_ISSUES}: ""Identity not found""',
    ),
    explanation(
        "federated credential: issuer",
        r"AADSTS700211",
        "no federated credential of the identity names the cluster's issuer",
        "set kubernetes.oidcIssuer to the issuer letter by letter, its last '/' included (az aks show --query "
        "oidcIssuerProfile.issuerUrl)",
        'Azure/azure-workload-identity: "AADSTS700211 invalid_client"',
    ),
    explanation(
        "federated credential: audience",
        r"AADSTS700212",
        "the federated credential names another audience than the token",
        "both must be api://AzureADTokenExchange: pulumi refresh, then pulumi up",
        _IDENTITY_DOCS,
    ),
    explanation(
        "federated credential: subject",
        r"AADSTS700213",
        "the federated credential names another subject than the pod's service account",
        "it must be system:serviceaccount:<namespace>:<name> of the account that the pod runs as: pulumi refresh, then "
        "pulumi up; a pod without serviceAccountName runs as 'default'",
        f'{_IDENTITY_DOCS}; {AZURE_ISSUES}: "Unable to mount secret when using workload identity"',
    ),
    explanation(
        "federated credential",
        r"AADSTS70021\b|AADSTS70025\b|No matching federated identity record found",
        "no federated credential of the identity matches the token's issuer, subject and audience; a new one takes "
        "seconds to minutes to take effect",
        "wait some minutes where it is new; else compare it with the assertion that the message shows: pulumi refresh, "
        "then pulumi up",
        'Azure/azure-workload-identity: "AADSTS70021: No matching federated identity record found for presented '
        'assertion."',
    ),
    explanation(
        "signing key",
        r"AADSTS7000272|AADSTS700027\b",
        "the directory does not know the key that signed the token, or could not read it at the issuer",
        "wait: a new key is seen after up to half an hour; the issuer's discovery document must be public",
        _IDENTITY_DOCS,
    ),
    explanation(
        "expired token",
        r"AADSTS700024",
        "the service account's token has expired, or the cluster's clock is wrong",
        "compare the nodes' time with the directory's",
        _IDENTITY_DOCS,
    ),
    explanation(
        "unknown identity",
        r"AADSTS700016|AADSTS90002",
        "the tenant knows no identity with the class's clientID, or there is no such tenant",
        "the identity was deleted or made anew: pulumi refresh, then pulumi up; or correct backend.tenantId",
        _IDENTITY_DOCS,
    ),
    explanation(
        "a service principal's secret",
        r"AADSTS7000215|AADSTS7000222",
        "the service principal's secret is wrong, or has expired",
        "make a new one, and set clientSecret (pulumi config set --secret strongroom:clientSecret)",
        _IDENTITY_DOCS,
    ),
    explanation(
        "firewall of the vault",
        r"ForbiddenByFirewall|Client address is not authorized and caller is not a trusted service",
        "the vault's firewall keeps the nodes' address out",
        "allow the nodes' subnet or outbound address: backend.vault.network.allowedSubnetIds, allowedIpRanges",
        f'{AZURE_ISSUES}: "Is service endpoint supported for AKS - Azure Keyvault?"',
    ),
    explanation(
        "private vault",
        r"ForbiddenByConnection|Public network access is disabled and request is not from a trusted service",
        "the vault has no public address, and its name leads the nodes to the public one",
        "link the private DNS zone privatelink.vaultcore.azure.net to the nodes' network, and have that network use "
        "Azure's DNS",
        f'{AZURE_ISSUES}: "Is service endpoint supported for AKS - Azure Keyvault?", "Support for private endpoint - '
        'private dns names"',
    ),
    explanation(
        "role assignment",
        r"ForbiddenByRbac|Caller is not authorized to perform action on resource|DeniedWithNoValidRBAC",
        "no role assignment of the identity covers the object, or it has not taken effect yet",
        "wait up to ten minutes where it is new; else pulumi refresh, then pulumi up",
        f'{AZURE_ISSUES}: "Pod with CSI volume does not mount when using Azure RBAC permission model on Azure Key '
        'Vault"',
    ),
    explanation(
        "access policy",
        r"ForbiddenByPolicy|does not have (?:secrets|keys|certificates) \w+ permission on key vault|AccessDenied",
        "no access policy of the vault allows it, or the vault decides by roles meanwhile",
        "pulumi refresh, then pulumi up",
        _VAULT_CODES,
    ),
    explanation(
        "throttling",
        r"StatusCode=429|RESPONSE 429|Code: 429|TooManyRequests|Too Many Requests|too many requests were received",
        "the store answers too many requests: each pod reads each of its objects at each rotation",
        "raise kubernetes.rotationPollInterval, spread large deployments, or use several vaults",
        f'{AZURE_ISSUES}: "429 from key vault unhandled."; {DRIVER_ISSUES}: "KeyVault 429 TooManyRequests led to '
        'infinite loop in workqueue without exponential backoff"',
    ),
    explanation(
        "disabled object",
        r"SecretDisabled|not allowed on a disabled (?:secret|key|certificate)",
        "the object, or that version of it, is disabled",
        "enable it (az keyvault secret set-attributes --enabled true), or name another version",
        _VAULT_CODES,
    ),
    explanation(
        "missing object",
        r"SecretNotFound|KeyNotFound|CertificateNotFound|was not found in this key vault",
        "the vault has no such object, or no such version of it",
        "write it, or correct the workload's secrets: a key of an object is the object <object>-<key>",
        f'{AZURE_ISSUES}: "Ignore non-existent secrets"',
    ),
)
"""In the order in which they are tried: what says more comes first."""

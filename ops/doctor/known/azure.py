"""Messages of the Azure provider, Microsoft Entra ID and Key Vault."""

from .explanation import (
    AZURE_DOCS,
    AZURE_ISSUES,
    DRIVER_ISSUES,
    IDENTITY_DOCS,
    VAULT_CODES,
    Explanation,
    build_explanation,
)

AZURE: tuple[Explanation, ...] = (
    build_explanation(
        "several identity flags",
        r"only one identity mode can be enabled at a time|cannot enable both pod identity and",
        "the SecretProviderClass sets more than one of useVMManagedIdentity, usePodIdentity and useAzureTokenProxy",
        "keep one of them, or none for workload identity: pulumi refresh, then pulumi up, takes the "
        "SecretProviderClass back",
        'Azure Key Vault provider docs: "Identity Access Modes"',
    ),
    build_explanation(
        "no service account token",
        r"service account tokens not found|token for audience \S+ not found"
        r"|service account tokens are required for identity binding",
        "the driver passed no token of the service account: the CSIDriver's tokenRequests lack the audience",
        "add the audience to tokenRequests of the driver's chart: kubernetes.audiences with install 'helm'; "
        "api://AzureADTokenExchange for workload identity",
        f'{AZURE_ISSUES}: "Failed to parse workload identity tokens, service account tokens not found, when using '
        'Workload Identity"',
    ),
    build_explanation(
        "no credentials on the volume",
        r"nodePublishSecretRef secret is not set|could not find client(?:id|secret) in secrets",
        "the SecretProviderClass names no identity, so that the provider looks for a service principal's credentials, "
        "and the volume has none",
        "for workload identity set clientID in the SecretProviderClass (pulumi up); for a service principal set "
        "nodePublishSecretRef to a Secret with clientid and clientsecret, labelled secrets-store.csi.k8s.io/used=true",
        f'{AZURE_ISSUES}: "Unable to mount secrets on windows-node using Workload Identity"',
    ),
    build_explanation(
        "no NMI on the node",
        r"(?:localhost|127\.0\.0\.1):2579\S*[\s\S]{0,200}?(?:refused|timeout|deadline|reset)",
        "the SecretProviderClass says usePodIdentity, and nothing on the node answers for aad-pod-identity: its "
        "NMI is not installed, "
        "or is down",
        "replace pod identity, which is archived: identity.mode 'workload-identity', then pulumi up; to keep it, "
        "install NMI on that node",
        'Azure Key Vault provider docs: "Pod Identity"; seen on a node with provider 1.8.2',
    ),
    build_explanation(
        "no pod identity",
        r"no azure identity found for request|nmi response failed with status code"
        r"|getting assigned identities for pod .{0,200} failed",
        "aad-pod-identity knows no identity of the pod: its AzureIdentityBinding's selector and the pod's label "
        "aadpodidbinding differ, or MIC has not assigned it yet",
        "compare the two, and read MIC's log; better, replace pod identity, which is archived: identity.mode "
        "'workload-identity'",
        AZURE_DOCS,
    ),
    build_explanation(
        "several identities of the node",
        r"Multiple user assigned identities exist",
        "the nodes have several identities, and the SecretProviderClass does not say which: its "
        "userAssignedIdentityID is empty",
        "set backend.identity.clientId to the client id of the one that may read the vault (az identity show --query "
        "clientId), then pulumi up; in other stacks, set userAssignedIdentityID",
        f'{AZURE_ISSUES}: "Multiple user assigned identities exist, please specify the clientId"',
    ),
    build_explanation(
        "no identity of the node",
        r"Identity not found|identity isn't assigned to this resource",
        "the nodes have no identity with the SecretProviderClass's userAssignedIdentityID",
        "assign it to the node pools' scale sets, or correct backend.identity.clientId",
        f'{AZURE_ISSUES}: ""Identity not found""',
    ),
    build_explanation(
        "no identity endpoint",
        r"169\.254\.169\.254\S*[\s\S]{0,200}?(?:refused|timeout|deadline|no route|unreachable)",
        "the node's identity endpoint (169.254.169.254) does not answer: the node is none of Azure's, or a network "
        "policy keeps the provider's pods from it",
        "outside Azure use identity.mode 'workload-identity' or 'service-principal'; on Azure allow the address",
        'Microsoft Learn: "How to use managed identities on an Azure VM to acquire an access token"',
    ),
    build_explanation(
        "federated credential: issuer",
        r"AADSTS700211",
        "no federated credential of the identity names the cluster's issuer",
        "set kubernetes.oidcIssuer to the issuer exactly, its last '/' included (az aks show --query "
        "oidcIssuerProfile.issuerUrl)",
        'Azure/azure-workload-identity: "AADSTS700211 invalid_client"',
    ),
    build_explanation(
        "federated credential: audience",
        r"AADSTS700212",
        "the federated credential names another audience than the token",
        "both must be api://AzureADTokenExchange: pulumi refresh, then pulumi up",
        IDENTITY_DOCS,
    ),
    build_explanation(
        "federated credential: subject",
        r"AADSTS700213",
        "the federated credential names another subject than the pod's service account",
        "it must be system:serviceaccount:<namespace>:<name> of the account that the pod runs as: pulumi refresh, then "
        "pulumi up; a pod without serviceAccountName runs as 'default'",
        f'{IDENTITY_DOCS}; {AZURE_ISSUES}: "Unable to mount secret when using workload identity"',
    ),
    build_explanation(
        "federated credential",
        r"AADSTS70021\b|AADSTS70025\b|No matching federated identity record found",
        "no federated credential of the identity matches the token's issuer, subject and audience; a new one takes "
        "seconds to minutes to take effect",
        "wait some minutes if it is new; otherwise compare it with the assertion that the message shows: pulumi "
        "refresh, then pulumi up",
        'Azure/azure-workload-identity: "AADSTS70021: No matching federated identity record found for presented '
        'assertion."',
    ),
    build_explanation(
        "signing key",
        r"AADSTS7000272|AADSTS700027\b",
        "Microsoft Entra ID does not know the key that signed the token, or could not read it at the issuer",
        "wait: a new key is seen after up to half an hour; the issuer's discovery document must be public",
        IDENTITY_DOCS,
    ),
    build_explanation(
        "issuer that can't be read",
        r"AADSTS50166|AADSTS90061|Request to External OIDC endpoint failed",
        "Microsoft Entra ID could not read the issuer's discovery document or its keys",
        "both must be public: open <issuer>/.well-known/openid-configuration from outside your network; if that works, "
        "try again in a minute",
        'Azure/azure-workload-identity: "Unknown error code 50166"',
    ),
    build_explanation(
        "expired token",
        r"AADSTS700024",
        "the service account's token has expired, or the cluster's clock is wrong",
        "compare the nodes' time with Entra ID's",
        IDENTITY_DOCS,
    ),
    build_explanation(
        "unknown identity",
        r"AADSTS700016|AADSTS90002",
        "the tenant knows no identity with the SecretProviderClass's clientID, or there is no such tenant",
        "the identity was deleted or made anew: pulumi refresh, then pulumi up; or correct backend.tenantId",
        IDENTITY_DOCS,
    ),
    build_explanation(
        "a vault of another tenant",
        r"AKV10032|Invalid issuer\. Expected one of",
        "the vault is in another tenant than the identity: it takes tokens of the first issuer that the message names, "
        "and got one of the second",
        "set backend.tenantId to the vault's (az keyvault show --query properties.tenantId), with an identity of that "
        "tenant; a vault of a partner needs an identity in the partner's tenant",
        f'{VAULT_CODES}; Microsoft Learn: "Azure Key Vault authentication fundamentals"',
    ),
    build_explanation(
        "a token of another cloud",
        r"AKV10022|Invalid audience\. Expected",
        "the token is for another cloud's vaults than this one: the SecretProviderClass's cloudName and the vault's "
        "differ",
        "set the backend's cloud to the vault's, then pulumi up",
        VAULT_CODES,
    ),
    build_explanation(
        "no token at the vault",
        r"AKV10000|Request is missing a Bearer or PoP token",
        "the vault got no token with the request: something between takes the Authorization header away, or the "
        "vault's address is not the one that Microsoft Entra ID gives tokens for",
        "look at the proxy between the nodes and the vault, compare keyvaultName and cloudName, and "
        "read the provider's "
        "log",
        VAULT_CODES,
    ),
    build_explanation(
        "a service principal's secret",
        r"AADSTS7000215|AADSTS7000222",
        "the service principal's secret is wrong, or has expired",
        "make a new one, and set clientSecret (pulumi config set --secret strongroom:clientSecret)",
        IDENTITY_DOCS,
    ),
    build_explanation(
        "firewall of the vault",
        r"ForbiddenByFirewall|Client address is not authorized and caller is not a trusted service",
        "the vault's firewall refuses the nodes' address",
        "allow the nodes' subnet or outbound address: backend.vault.network.allowedSubnetIds, allowedIpRanges",
        f'{AZURE_ISSUES}: "Is service endpoint supported for AKS - Azure Keyvault?"',
    ),
    build_explanation(
        "private vault",
        r"ForbiddenByConnection|Public network access is disabled and request is not from a trusted service",
        "the vault has no public address, and its name leads the nodes to the public one",
        "link the private DNS zone privatelink.vaultcore.azure.net to the nodes' network, and have that network use "
        "Azure's DNS",
        f'{AZURE_ISSUES}: "Is service endpoint supported for AKS - Azure Keyvault?", "Support for private endpoint - '
        'private dns names"',
    ),
    build_explanation(
        "role assignment",
        r"ForbiddenByRbac|Caller is not authorized to perform action on resource|DeniedWithNoValidRBAC",
        "no role assignment of the identity covers the object, or it has not taken effect yet",
        "wait up to ten minutes if it is new; otherwise pulumi refresh, then pulumi up",
        f'{AZURE_ISSUES}: "Pod with CSI volume does not mount when using Azure RBAC permission model on Azure Key '
        'Vault"',
    ),
    build_explanation(
        "access policy",
        r"ForbiddenByPolicy|does not have (?:secrets|keys|certificates) \w+ permission on key vault|AccessDenied",
        "no access policy of the vault allows it, or the vault decides by roles meanwhile",
        "pulumi refresh, then pulumi up",
        VAULT_CODES,
        context=r"vault|objectType",
    ),
    build_explanation(
        "throttling",
        r"StatusCode=429|RESPONSE 429|Code: 429|TooManyRequests|Too Many Requests|too many requests were received"
        r"|request path .{0,200}rate limit quota exceeded",
        "the store rejects too many requests: each pod reads each of its objects at each rotation",
        "spread large deployments (maxSurge), declare fewer objects with more keys, or use several vaults; with Vault "
        "look at its quotas (vault list sys/quotas/rate-limit)",
        f'{AZURE_ISSUES}: "429 from key vault unhandled."; {DRIVER_ISSUES}: "KeyVault 429 TooManyRequests led to '
        'infinite loop in workqueue without exponential backoff"',
        context=r"vault|objectType|StatusCode=429|RESPONSE 429|Code: 429",
    ),
    build_explanation(
        "no vault of that name",
        r"VaultNotFound",
        "there is no vault of the SecretProviderClass's keyvaultName",
        "compare keyvaultName with the vault, exactly (az keyvault list --query [].name); "
        "one that was deleted "
        "softly comes back with az keyvault recover; then pulumi refresh and pulumi up",
        VAULT_CODES,
    ),
    build_explanation(
        "disabled object",
        r"SecretDisabled|not allowed on a disabled (?:secret|key|certificate)",
        "the object, or that version of it, is disabled",
        "enable it (az keyvault secret set-attributes --enabled true), or name another version",
        VAULT_CODES,
    ),
    build_explanation(
        "missing object",
        r"\b(?:Secret|Key|Certificate)NotFound\b|was not found in this key vault",
        "the vault has no such object, or no such version of it",
        "write it, or correct the workload's secrets: a key of an object is the object <object>-<key>",
        f'{AZURE_ISSUES}: "Ignore non-existent secrets"',
    ),
)
"""In the order of matching: the more specific ones come first."""

"""What Vault's provider, and Vault, say."""

from .explanation import DRIVER_ISSUES, VAULT_ISSUES, Explanation, explanation

_K8S_AUTH = 'Vault docs: "Kubernetes auth method"'

VAULT: tuple[Explanation, ...] = (
    explanation(
        "sealed Vault",
        r"Vault is sealed",
        "Vault is sealed, and gives nothing to anybody",
        "unseal it: pulumi up where the stack opens it (backend.bootstrap), or vault operator unseal",
        f'{VAULT_ISSUES}: "error making mount request: failed to login: Error making API request"',
    ),
    explanation(
        "Vault's namespace",
        r"missing client token|namespace not found|no handler for route",
        "the request went to a path that Vault, or that namespace of it, has not: on Vault Enterprise and HCP the "
        "namespace is missing or another",
        "set backend.namespace (HCP: admin), and compare the class's vaultNamespace and vaultAuthMountPath",
        'hashicorp/vault-plugin-auth-kubernetes: "Missing Client Token in Authenticating in vault-agent-init '
        'Container"',
    ),
    explanation(
        "Vault role",
        r"invalid role name|role \\?\"[^\"]+\\?\" could not be found",
        "the auth method has no role of the class's roleName",
        "pulumi refresh, then pulumi up",
        f'{VAULT_ISSUES}: "mounting from Vault fails with "invalid role name""',
    ),
    explanation(
        "audience of the role",
        r"invalid audience \(aud\) claim|claim \\?\"aud\\?\" is invalid|audience claim does not match"
        r"|jwt valid for audience\(s\)",
        "the role wants another audience than the token has",
        "role, class and token must have the same, which backend.audience sets: pulumi refresh, then pulumi up",
        'hashicorp/vault: "JWT/OIDC config for Kubernetes fails with audience claim does not match any expected '
        'audience"',
    ),
    explanation(
        "accounts of the role",
        r"service account name not authorized|namespace not authorized"
        r"|sub claim does not match|error validating claims",
        "the role admits other service accounts, or other namespaces, than the pod's",
        "pulumi refresh, then pulumi up; a pod without serviceAccountName runs as 'default'",
        _K8S_AUTH,
    ),
    explanation(
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
    explanation(
        "token of the provider",
        r"failed to create a service account token for requesting pod"
        r"|cannot create resource \\?\"serviceaccounts/token\\?\"",
        "the driver handed no token of the class's audience to Vault's provider, which may not make one itself",
        "add the audience to the CSIDriver's tokenRequests (kubernetes.audiences), or let the provider's service "
        "account create serviceaccounts/token",
        f'{VAULT_ISSUES}: "problems with CLusterRole resources"',
    ),
    explanation(
        "missing key",
        r'key "[^"]*" does not exist at the secret path|no such key|there is no key \S+',
        "the object is there, and has no such key",
        "write the key, or correct it in the workload's secrets",
        'source of the Vault CSI provider: "does not exist at the secret path"',
    ),
    explanation(
        "Vault refuses the login",
        r"/login\s[\s\S]{0,80}?Code: 403|failed to login: [\s\S]{0,300}?permission denied",
        "Vault refuses the login and says no more: the role admits another account, there is no such auth method, or "
        "the token with which Vault reviews others has expired",
        "run doctor for the workload: it compares the role, and names the reviewer; Vault's own log says 'login "
        "unauthorized due to'",
        f'{VAULT_ISSUES}: "grpc.code=Unknown err="error making mount request: failed to login: 403 errors"',
    ),
    explanation(
        "Vault's policy",
        r"URL: GET [\s\S]{0,300}?Code: 403|error requesting secret[\s\S]{0,400}?permission denied|permission denied",
        "the workload is let in, and its policy does not cover that path",
        "pulumi refresh, then pulumi up; with KV version 2 a policy's path has /data/ in it",
        f'{DRIVER_ISSUES}: "Permission denied when trying to create a pod"; Vault docs: "Policies"',
    ),
    explanation(
        "missing path in Vault",
        r"Code: 404|empty response from \"",
        "Vault has nothing at that path, or its version was deleted or destroyed",
        "write the object (vault kv put), or correct object and version in the workload's secrets",
        'Vault docs: "KV secrets engine - version 2 (API)"',
    ),
)
"""In the order in which they are tried: what says more comes first."""

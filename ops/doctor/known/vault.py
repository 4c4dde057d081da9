"""Messages of Vault's provider and of Vault."""

from .explanation import DRIVER_ISSUES, VAULT_ISSUES, Explanation, build_explanation

_K8S_AUTH = 'Vault docs: "Kubernetes auth method"'

VAULT: tuple[Explanation, ...] = (
    build_explanation(
        "the API server's certificate, to Vault",
        r"tokenreviews[\s\S]{0,200}?(?:x509|tls): ",
        "Vault reviews the pod's token at the API server, and does not trust the API server's certificate",
        "set the cluster's CA: backend.auth.kubernetesCaCertificate, and a kubernetesHost that the certificate names; "
        "then pulumi up",
        _K8S_AUTH,
    ),
    build_explanation(
        "the API server, to Vault",
        r"tokenreviews[\s\S]{0,200}?(?:dial |i/o timeout|refused|no such host|no route|deadline|reset|EOF)",
        "Vault reviews the pod's token at the API server, and does not reach it: Vault's network or its "
        "kubernetes_host is the cause, not the pod's",
        "set backend.auth.kubernetesHost to an address of the API server that Vault reaches, or open "
        "the way from Vault "
        "to it; or use backend.auth.kind 'jwt', which asks the API server nothing",
        _K8S_AUTH,
    ),
    build_explanation(
        "the token's issuer",
        r'claim \\?"iss\\?" is invalid|issuer claim does not match|invalid issuer \(iss\) claim',
        "Vault's auth method requires another issuer than the cluster's tokens name",
        "auth kind kubernetes: vault write auth/<path>/config disable_iss_validation=true with its other values, or an "
        "issuer equal to the cluster's (kubectl get --raw /.well-known/openid-configuration); pulumi refresh, then "
        "pulumi up, for a method of the stack's own. Auth kind jwt: set backend.auth.issuer to it",
        f'{_K8S_AUTH}; hashicorp/vault-plugin-auth-kubernetes: "claim "iss" is invalid"',
    ),
    build_explanation(
        "sealed Vault",
        r"Vault is sealed",
        "Vault is sealed, and serves nothing",
        "unseal it: pulumi up where the stack opens it (backend.bootstrap), or vault operator unseal",
        f'{VAULT_ISSUES}: "error making mount request: failed to login: Error making API request"',
    ),
    build_explanation(
        "Vault without a leader",
        r"active cluster node not found|Vault is in standby|Vault is not initialized|Raft cluster .{0,40}no leader",
        "Vault runs, and no node of it serves: none is the leader, or it was never initialised",
        "vault status and vault operator raft list-peers at each node; pulumi up initialises and opens a Vault of the "
        "stack's own (backend.bootstrap)",
        'Vault docs: "High availability mode (HA)"',
    ),
    build_explanation(
        "Vault's namespace",
        r"missing client token|namespace not found|no handler for route",
        "the request went to a path that Vault, or that namespace of it, has not: on Vault Enterprise and HCP the "
        "namespace is missing or another",
        "set backend.namespace (HCP: admin), and compare the SecretProviderClass's vaultNamespace and "
        "vaultAuthMountPath",
        'hashicorp/vault-plugin-auth-kubernetes: "Missing Client Token in Authenticating in vault-agent-init '
        'Container"',
    ),
    build_explanation(
        "Vault role",
        r"invalid role name|role \\?\"[^\"]+\\?\" could not be found",
        "the auth method has no role of the SecretProviderClass's roleName",
        "pulumi refresh, then pulumi up",
        f'{VAULT_ISSUES}: "mounting from Vault fails with "invalid role name""',
    ),
    build_explanation(
        "audience of the role",
        r"invalid audience \(aud\) claim|claim \\?\"aud\\?\" is invalid|audience claim does not match"
        r"|jwt valid for audience\(s\)",
        "the role requires another audience than the token has",
        "role, class and token must have the same, which backend.audience sets: pulumi refresh, then pulumi up",
        'hashicorp/vault: "JWT/OIDC config for Kubernetes fails with audience claim does not match any expected '
        'audience"',
    ),
    build_explanation(
        "accounts of the role",
        r"service account name not authorized|namespace not authorized"
        r"|sub claim does not match|error validating claims",
        "the role allows other service accounts, or other namespaces, than the pod's",
        "pulumi refresh, then pulumi up; a pod without serviceAccountName runs as 'default'",
        _K8S_AUTH,
    ),
    build_explanation(
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
    build_explanation(
        "token of the provider",
        r"failed to create a service account token for requesting pod"
        r"|cannot create resource \\?\"serviceaccounts/token\\?\"",
        "the driver passed no token for the SecretProviderClass's audience to Vault's provider, which may not make "
        "one itself",
        "add the audience to the CSIDriver's tokenRequests (kubernetes.audiences), or let the provider's service "
        "account create serviceaccounts/token",
        f'{VAULT_ISSUES}: "problems with CLusterRole resources"',
    ),
    build_explanation(
        "missing key",
        r'key "[^"]*" does not exist at the secret path|no such key|there is no key \S+',
        "the object is there, and has no such key",
        "write the key, or correct it in the workload's secrets",
        'source of the Vault CSI provider: "does not exist at the secret path"',
        context=r"secret|vault|objectType",
    ),
    build_explanation(
        "a token that Vault no longer accepts",
        r"Code: 403\. Errors:[\s|*]+(?:\d+ errors occurred:[\s\S]{0,60}?)?(?:permission denied[\s"
        r"|*]+)?(?:invalid|bad) token",
        "the login worked once, and Vault no longer accepts its token: it expired or was revoked, or "
        "Vault was restored "
        "or replaced since",
        "restart the pods, and the provider's pod on the node if that is not enough: both log in anew; then look at "
        "backend.tokenTtl, and at who revokes tokens",
        'Vault docs: "Tokens"',
    ),
    build_explanation(
        "Vault refuses the login",
        r"/login\s[\s\S]{0,80}?Code: 403|failed to login: [\s\S]{0,300}?permission denied"
        r"|login unauthorized due to: permission denied",
        "Vault refuses the login and says no more: the role allows another account, there is no auth method at the "
        "path in the URL, or Vault can't review the token (its reviewer has expired or lacks system:auth-delegator)",
        "run doctor for the workload: it compares the role and the auth path, and names the reviewer; Vault's own log "
        "says 'login unauthorized due to'",
        f'{VAULT_ISSUES}: "grpc.code=Unknown err="error making mount request: failed to login: 403 errors"',
    ),
    build_explanation(
        "Vault's policy",
        r"URL: (?:GET|LIST|PUT|POST) [\s\S]{0,300}?Code: 403|error requesting secret[\s\S]{0,400}?permission denied"
        r"|vault\.(?:read|write|list)\([\s\S]{0,400}?permission denied",
        "the login works, and the policy does not cover the path in the URL",
        "pulumi refresh, then pulumi up. With KV version 2 both the policy's path and the SecretProviderClass's "
        "secretPath have /data/ in them: where the URL has none, correct the SecretProviderClass",
        f'{DRIVER_ISSUES}: "Permission denied when trying to create a pod"; Vault docs: "Policies"',
    ),
    build_explanation(
        "missing path in Vault",
        r"Code: 404|empty response from \"|no secret exists at |Invalid path for a versioned K/V secrets engine",
        "Vault has nothing at that path, or its version was deleted or destroyed",
        "write the object (vault kv put), or correct object and version in the workload's secrets; a "
        "path of KV version "
        "2 has /data/ in it. An agent waits for it, and so do its pods",
        'Vault docs: "KV secrets engine - version 2 (API)"',
        context=r"Code: 404\. Errors|/v1/|empty response|secret exists|versioned K/V",
    ),
)
"""In the order of matching: the more specific ones come first."""

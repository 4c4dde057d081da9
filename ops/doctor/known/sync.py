"""Messages of the driver about Kubernetes Secrets, and of kubelet about those that lack something."""

from .explanation import ANY, AZURE_DOCS, AZURE_ISSUES, Explanation, build_explanation

_SYNC = 'Secrets Store CSI Driver docs: "Sync as Kubernetes Secret"'

SYNC: tuple[Explanation, ...] = (
    build_explanation(
        "alias in secretObjects",
        r"file matching objectName .{1,300}? not found in the pod",
        "secretObjects names a file that the mount has not: with an alias, objectName is the alias",
        "pulumi refresh, then pulumi up, reverts the SecretProviderClass; in other stacks, write the alias",
        f'{AZURE_ISSUES}: "Kubernetes Secret Sync Requires the alias as an ObjectName"',
    ),
    build_explanation(
        "a key of a TLS Secret",
        r"key '[^']+' is not supported\. Only 'tls\.key' and 'tls\.crt' are supported",
        "the driver writes a Secret of type kubernetes.io/tls with tls.crt and tls.key alone; it writes none of it "
        "because of the key that the message names",
        "take that secret out of the Secret of type kubernetes.io/tls: give it a Secret of its own, or use the type "
        "Opaque for all",
        f"{_SYNC}; source of the driver: \"Only 'tls.key' and 'tls.crt' are supported\"",
    ),
    build_explanation(
        "the form of a TLS Secret's data",
        r"pkcs12: |failed to get cert data from file|failed to (?:parse|find any) PEM|error parsing the private key",
        "a Secret of type kubernetes.io/tls is to be made from a file that is not PEM with certificate and key: it is "
        "base64 of a PFX, another password-protected PFX, or the public certificate alone",
        "with Azure Key Vault name the certificate as a secret with format: pem, once for tls.crt "
        "and once for tls.key; "
        "with Vault store PEM",
        f'{_SYNC}; Microsoft Learn: "Set up Secrets Store CSI Driver to enable NGINX Ingress Controller with TLS"',
        context=r"pkcs12|for secret|tls\.(?:crt|key)|FailedToCreateSecret",
    ),
    build_explanation(
        "sync not allowed",
        r"secrets is forbidden: User .{0,200}cannot (?:create|patch|update|list|watch|get) resource",
        "the driver may not write Kubernetes Secrets",
        "set syncSecret.enabled in the driver's chart, as Strongroom's own installation does",
        AZURE_DOCS,
    ),
    build_explanation(
        "sync failed",
        r"FailedToCreateSecret|failed to get data in spc \S+ for secret|\A\W*timed out waiting for the condition\W*\Z",
        "the driver mounted the files and could not write the Kubernetes Secret of them: it may not write Secrets, a "
        "Secret of the name has another type, or the files don't make the type's keys. The event does not say which",
        "kubectl logs -n kube-system <driver's pod on the pod's node> -c secrets-store says why. Then set "
        "syncSecret.enabled in the driver's chart for the rights; delete a Secret of another type (kubectl delete "
        "secret <name> -n <namespace>: its type can't be changed); or correct the data",
        f"{_SYNC}; seen on a node with driver 1.6",
    ),
    build_explanation(
        "a key that the Kubernetes Secret lacks",
        r"couldn't find key \S+ in Secret|references non-existent secret key",
        "the Kubernetes Secret is there without that key: the driver made it before the SecretProviderClass named the "
        "key, and follows a changed class only after 3 to 5 minutes; or the key is misspelled",
        "compare secretObjects of the SecretProviderClass with the variable; wait five minutes; if the key is still "
        "missing, kubectl delete secret <name> -n <namespace> and restart the pods (kubectl rollout restart): the "
        "driver makes it anew",
        f"{_SYNC}; seen on a node with driver 1.6",
    ),
    build_explanation(
        "credentials of nodePublishSecretRef",
        r"fetching NodePublishSecretRef",
        "the volume's nodePublishSecretRef names a Kubernetes Secret that the pod's namespace has not: the service "
        "principal's credentials",
        "set clientSecret (pulumi config set --secret strongroom:clientSecret), and pulumi up writes it; otherwise "
        "write it into the namespace, with clientid and clientsecret and the label secrets-store.csi.k8s.io/used=true",
        'Azure Key Vault provider docs: "Service Principal"',
    ),
    build_explanation(
        "no Kubernetes Secret yet",
        r'\bsecret \\?"[^"]+" not found',
        "a variable's, or a volume's, Kubernetes Secret is not there: the driver makes it when the first pod mounts "
        "the SecretProviderClass, so the mount failed, syncSecret is off, or nothing creates a Secret of that name",
        "look at the pod's FailedMount and FailedToCreateSecret events, and at the SecretProviderClass's secretObjects",
        _SYNC,
        follows=(ANY,),
    ),
)
"""In the order of matching: the more specific ones come first."""

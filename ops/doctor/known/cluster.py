"""Messages of the driver, kubelet and the API server."""

from .explanation import AZURE_DOCS, AZURE_ISSUES, DRIVER_DOCS, DRIVER_ISSUES, Explanation, build_explanation

_AGAIN = "pulumi refresh, then pulumi up, reverts the SecretProviderClass; in other stacks,"
_OBJECTS_CONTEXT = (
    r"secrets store objects|failed to mount objects|error making mount|SecretProviderClass|keyVaultObjects"
)

CLUSTER: tuple[Explanation, ...] = (
    build_explanation(
        "no driver on the node",
        r"driver name secrets-store\.csi\.k8s\.io not found in the list of registered CSI drivers",
        "no pod of the Secrets Store CSI driver has registered itself on the pod's node",
        "install the driver (kubernetes.install), or have its DaemonSet tolerate the node's taints; on distributions "
        "with a kubelet directory of their own set linux.kubeletRootDir in charts.secrets-store-csi-driver.values",
        DRIVER_DOCS,
    ),
    build_explanation(
        "the driver's pod is away",
        r"plugins/csi-secrets-store[\w.-]*/csi\.sock: connect|VOLUME_MOUNT_GROUP capability",
        "kubelet knows the driver, whose pod on that node doesn't answer: it is being replaced, or has crashed",
        "wait while the DaemonSet is updated; otherwise kubectl get pods -n kube-system -o wide on that "
        "node, and the log of "
        "the driver's pod (container secrets-store)",
        'seen on a node with driver 1.6; source of kubelet: "VOLUME_MOUNT_GROUP"',
    ),
    build_explanation(
        "no CSIDriver object",
        r'volume mode "?Ephemeral"? not supported by driver secrets-store\.csi\.k8s\.io',
        "the driver's pods run, and its CSIDriver object is missing",
        "install the driver again, whole",
        f'{DRIVER_ISSUES}: "Failed Mount - volume mode "Ephemeral" not supported by driver secrets-store.csi.k8s.io '
        '(no CSIDriver object)"',
    ),
    build_explanation(
        "a second driver",
        r"CSIDriver \\?\"secrets-store\.csi\.k8s\.io\\?\" in namespace .{0,20}exists and cannot be imported",
        "a driver of another release, or the AKS add-on's, is installed already",
        "keep one: set kubernetes.install to 'addon' or 'existing', or remove the other driver first",
        f'{AZURE_ISSUES}: "Unable to continue with install: CSIDriver "secrets-store.csi.k8s.io""',
    ),
    build_explanation(
        "provider not found",
        r"provider not found: provider|failed to find provider binary|error connecting to provider"
        r"|secrets-store-csi-providers/\S+: (?:connect: )?(?:no such file|connection refused)",
        "the driver found no provider of the SecretProviderClass's name on the pod's node, or the provider's pod "
        "there is down",
        "install the provider (kubernetes.providers), and have its DaemonSet run on that node, with its socket in a "
        "directory that the driver looks in (/var/run/secrets-store-csi-providers)",
        f'{AZURE_DOCS}; source of the driver: "provider not found"',
    ),
    build_explanation(
        "no custom resources",
        r"no matches for kind \\?\"SecretProviderClass|the server doesn't have a resource type \\?\"secretproviderclass"
        r"|no kind \\?\"SecretProviderClass\\?\" is registered",
        "the cluster knows no SecretProviderClass: the driver's custom resource definitions are missing",
        "install the driver with its CRDs, before what uses them: kubernetes.install 'helm' or "
        "'addon'; with 'existing' "
        "the cluster's owner does",
        'Secrets Store CSI Driver docs: "Installation"',
    ),
    build_explanation(
        "no class",
        r"failed to get secretproviderclass \S+"
        r"|secretproviderclass(?:es)?\.secrets-store\.csi\.x-k8s\.io \S+ not found",
        "there is no SecretProviderClass of that name in the pod's namespace",
        "pulumi up makes it again; in other stacks, write it to the namespace of the pod",
        DRIVER_DOCS,
    ),
    build_explanation(
        "volume not read-only",
        r"Readonly is not true in request",
        "the pod's volume lacks readOnly: true, which the driver requires",
        "pulumi up; in other stacks, set csi.readOnly: true",
        'Secrets Store CSI Driver docs: "Usage"',
    ),
    build_explanation(
        "the kind of an object",
        r"Invalid vaultObjectTypes|invalid objectType",
        "an objectType of the SecretProviderClass is none: the provider takes secret, key and cert",
        f"{_AGAIN} correct it",
        'source of the Azure Key Vault provider: "Invalid vaultObjectTypes"',
    ),
    build_explanation(
        "two files of one name",
        r"must be unique, but the following keys were duplicated|file name collision|duplicate objectName",
        "two entries of the SecretProviderClass's objects make a file of the same name",
        f"{_AGAIN} give each another objectName (Vault) or objectAlias (Azure)",
        'source of the Vault CSI provider: "each `objectName` within a SecretProviderClass must be unique"',
    ),
    build_explanation(
        "objects of the SecretProviderClass",
        r"unmarshal failed for keyVaultObjects|failed to yaml unmarshal|\byaml: (?:line \d+|unmarshal errors|mapping)"
        r"|no secrets (?:to read )?configured|objects is not set|objects array is empty|objectName is not set"
        r"|invalid objectFormat|invalid objectEncoding|invalid file ?permission|file permission .{0,40}invalid",
        "the SecretProviderClass's objects are not what the provider reads: one string of YAML, with Vault a list, "
        "with Azure 'array:' and a string of YAML an entry",
        f"{_AGAIN} compare it with the provider's example, indentation first (kubectl get secretproviderclass <name> "
        "-o yaml)",
        'Azure Key Vault provider docs: "Using the Azure Key Vault Provider"; Vault docs: "Secret provider class"',
        context=f"{_OBJECTS_CONTEXT}|no secrets|objects? ?(?:array|Name|Format|Encoding)? is",
    ),
    build_explanation(
        "a parameter of the SecretProviderClass",
        r"missing 'roleName' in SecretProviderClass|(?:keyvaultName|tenantI[dD]) is not set|cloudName \S* ?is not valid"
        r"|failed to parse use\w+ flag|missing target path field",
        "the SecretProviderClass lacks a parameter, or has one that the provider can't read; the message names it",
        f'{_AGAIN} set it (every value is a string, "true" and "false" too)',
        "source of the Vault CSI provider: \"missing 'roleName'\"; source of the Azure Key Vault "
        'provider: "keyvaultName '
        'is not set"',
    ),
    build_explanation(
        "a value's encoding",
        r"illegal base64 data at input byte|encoding/hex: ",
        "the SecretProviderClass says that the value is base64 or hex, and what the store holds is not",
        "take 'encoding' away from the workload's secret, or store the value encoded; base64 takes no blank, and no "
        "URL-safe letters",
        'source of both providers: "encoding"; Go: "encoding/base64"',
    ),
    build_explanation(
        "a file that others may not read",
        r"(?:secrets-store|/vault/secrets)[^\s\"']*[\"']?:? ?\(?permission denied"
        r"|permission denied: [\"']?[^\s\"']*(?:secrets-store|/vault/secrets)/",
        "the application may not read its mounted file: files belong to root, no fsGroup is applied, and the file's "
        "mode shuts others out",
        'take filePermission away from the secret, or set one that others may read ("0444"), then '
        "pulumi up; the agent "
        "injector's files belong to the container's user",
        'Secrets Store CSI Driver docs: "Usage"; seen on a node with driver 1.6',
    ),
    build_explanation(
        "a file that is not there",
        r"(?:/mnt/secrets-store|/vault/secrets)/[^\s\"']*[\"']?:? ?\(?no such file or directory",
        "the application looks for a file that its SecretProviderClass does not have under that name, or whose volume "
        "is empty",
        "compare the path with mountPath and the secrets' names; run doctor for the workload: its check 'mount' finds "
        "pods that became ready with an empty volume",
        'Secrets Store CSI Driver docs: "Usage"; seen on a node with driver 1.6',
    ),
    build_explanation(
        "webhook",
        r"failed calling webhook",
        "what changes pods as they are created does not answer: the Vault Agent injector, or akv2k8s's env injector",
        "look at the pods and endpoints of the Service that the message names, and at what keeps the API server from "
        "it",
        'hashicorp/vault-k8s: "vault-k8s and istio service mesh don\'t work together"',
    ),
    build_explanation(
        "message too large",
        r"received message larger than max",
        "the SecretProviderClass's files have more than 4 MiB together",
        "split the workload's secrets, or raise maxCallRecvMsgSize of the driver's chart",
        DRIVER_DOCS,
    ),
)
"""In the order of matching: the more specific ones come first."""

"""What the driver, kubelet and the API server say."""

from .explanation import AZURE_DOCS, AZURE_ISSUES, DRIVER_DOCS, DRIVER_ISSUES, Explanation, explanation

CLUSTER: tuple[Explanation, ...] = (
    explanation(
        "no driver on the node",
        r"driver name secrets-store\.csi\.k8s\.io not found in the list of registered CSI drivers",
        "no pod of the Secrets Store CSI driver has registered itself on the pod's node",
        "install the driver (kubernetes.install), or have its DaemonSet tolerate the node's taints; on distributions "
        "with a kubelet directory of their own set linux.kubeletRootDir in charts.secrets-store-csi-driver.values",
        DRIVER_DOCS,
    ),
    explanation(
        "no CSIDriver object",
        r'volume mode "?Ephemeral"? not supported by driver secrets-store\.csi\.k8s\.io',
        "the driver's pods run, and its CSIDriver object is missing",
        "install the driver again, whole",
        f'{DRIVER_ISSUES}: "Failed Mount - volume mode "Ephemeral" not supported by driver secrets-store.csi.k8s.io '
        '(no CSIDriver object)"',
    ),
    explanation(
        "a second driver",
        r"CSIDriver \\?\"secrets-store\.csi\.k8s\.io\\?\" in namespace .{0,20}exists and cannot be imported",
        "a driver of another release, or the AKS add-on's, is installed already",
        "keep one: set kubernetes.install to 'addon' or 'existing', or remove the other driver first",
        f'{AZURE_ISSUES}: "Unable to continue with install: CSIDriver "secrets-store.csi.k8s.io""',
    ),
    explanation(
        "provider not found",
        r"provider not found: provider|failed to find provider binary|error connecting to provider"
        r"|secrets-store-csi-providers/\S+: no such file",
        "the driver found no provider of the class's name on the pod's node",
        "install the provider (kubernetes.providers), and have its DaemonSet run on that node, with its socket in a "
        "directory that the driver looks in (/var/run/secrets-store-csi-providers)",
        f'{AZURE_DOCS}; source of the driver: "provider not found"',
    ),
    explanation(
        "no class",
        r"failed to get secretproviderclass \S+|secretproviderclasses?\.secrets-store\.csi\.x-k8s\.io \S+ not found",
        "there is no SecretProviderClass of that name in the pod's namespace",
        "pulumi up makes it again; in other stacks, write it to the namespace of the pod",
        DRIVER_DOCS,
    ),
    explanation(
        "volume not read-only",
        r"Readonly is not true in request",
        "the pod's volume lacks readOnly: true, which the driver insists on",
        "pulumi up; in other stacks, set csi.readOnly: true",
        'Secrets Store CSI Driver docs: "Usage"',
    ),
    explanation(
        "alias in secretObjects",
        r"file matching objectName .{1,300}? not found in the pod",
        "secretObjects names a file that the mount has not: with an alias, objectName is the alias",
        "pulumi refresh, then pulumi up, takes the class back; in other stacks, write the alias",
        f'{AZURE_ISSUES}: "Kubernetes Secret Sync Requires the alias as an ObjectName"',
    ),
    explanation(
        "sync not allowed",
        r"secrets is forbidden: User .{0,200}cannot (?:create|patch|update|list|watch|get) resource",
        "the driver may not write Kubernetes Secrets",
        "set syncSecret.enabled in the driver's chart, as Strongroom's own installation does",
        AZURE_DOCS,
    ),
    explanation(
        "no Kubernetes Secret yet",
        r'secret "[^"]+" not found',
        "a variable's Kubernetes Secret is not there: the driver makes it when the first pod mounts the class, so the "
        "mount failed, or syncSecret is off",
        "look at the pod's FailedMount events, and at the class's secretObjects",
        'Secrets Store CSI Driver docs: "Sync as Kubernetes Secret"',
    ),
    explanation(
        "webhook",
        r"failed calling webhook",
        "what changes pods as they are created does not answer: the Vault Agent injector, or akv2k8s's env injector",
        "look at the pods and endpoints of the Service that the message names, and at what keeps the API server from "
        "it",
        'hashicorp/vault-k8s: "vault-k8s and istio service mesh don\'t work together"',
    ),
    explanation(
        "message too large",
        r"received message larger than max",
        "the class's files have more than 4 MiB together",
        "split the workload's secrets, or raise maxCallRecvMsgSize of the driver's chart",
        DRIVER_DOCS,
    ),
)
"""In the order in which they are tried: what says more comes first."""

"""Messages that have nothing to do with a store's secrets, though they look alike."""

from .explanation import ANY, KUBERNETES_DOCS, Explanation, build_explanation, build_unrelated

ELSEWHERE: tuple[Explanation, ...] = (
    build_explanation(
        "an image's pull Secret",
        r"FailedToRetrieveImagePullSecret|Unable to retrieve some image pull secrets",
        "the namespace has no Secret of the name in parentheses, which imagePullSecrets names: kubelet asks the "
        "registry without credentials",
        "kubectl get secret <name> -n <namespace>; if it is missing, write it there with the type "
        "kubernetes.io/dockerconfigjson, or correct imagePullSecrets. If the driver is to write it, look at the pods' "
        "FailedMount and FailedToCreateSecret events first",
        f'{KUBERNETES_DOCS}: "Pull an Image from a Private Registry"',
    ),
    build_unrelated(
        "an image",
        r"Failed to pull image|Back-off pulling image|ErrImage(?:Pull|NeverPull)|ImagePullBackOff|InvalidImageName"
        r"|Failed to apply default image tag|toomanyrequests: |(?:failed|unable) to pull and unpack image",
        "the node can't pull the container's image. The registry refused, limited or didn't know it",
        "read what the registry says: 429 is its rate limit (log in, or use a mirror: charts.images and the workload's "
        "image), 401 and 403 are credentials (imagePullSecrets), 404 and 'not found' are the image's name or tag",
        f'{KUBERNETES_DOCS}: "Images"',
        follows=("an image's pull Secret",),
    ),
    build_unrelated(
        "a probe",
        r"(?:Readiness|Liveness|Startup) probe (?:failed|errored|warning)|(?:\A|Warning\s+)Unhealthy\b",
        "the container runs, its secrets are mounted, and the application fails its own probe",
        "kubectl logs <pod>; compare the probe's port and path with what the application listens on, and give it time "
        "to start (startupProbe)",
        f'{KUBERNETES_DOCS}: "Configure Liveness, Readiness and Startup Probes"',
    ),
    build_explanation(
        "a secret's file at a path of the image",
        r"(?:error mounting|failed to prepare subPath)[^\n]{0,300}?(?:kubernetes\.io~csi|secrets-store)",
        "the volume is set up, and the container runtime can't put it, or a file of it (subPath), at the path in the "
        "image: the path is a file where a directory is mounted, or the other way round",
        "choose a mountPath that the image has not, and mount the directory, not a file: a subPath never follows a "
        "rotation",
        f'{KUBERNETES_DOCS}: "Volumes"',
    ),
    build_unrelated(
        "the container's program",
        r"exec: \\?\"[^\"]*\\?\": |unable to start container process|exec format error"
        r"|OCI runtime (?:create|exec) failed"
        r"|failed to create (?:shim|containerd) task|FailedP(?:ostStart|reStop)Hook",
        "the runtime can't start the container's program: it isn't there, isn't executable, or is built for "
        "another processor",
        "correct command and args, or the image (chmod +x in its Dockerfile, its platform)",
        f'{KUBERNETES_DOCS}: "Debug Running Pods"',
    ),
    build_unrelated(
        "a container that stops",
        r"Back-off restarting failed|CrashLoopBackOff|OOMKilled|BackoffLimitExceeded"
        r"|Job was active longer than specified deadline",
        "its secrets are mounted, and the container's program ends by itself, again and again",
        "kubectl logs <pod> --previous says why; where it could not use a value, compare the secret's key and encoding",
        f'{KUBERNETES_DOCS}: "Debug Pods"',
        follows=(ANY,),
    ),
    build_unrelated(
        "the pod's place",
        r"FailedScheduling|\bnodes are available\b|didn't match Pod's node affinity|untolerated taint"
        r"|Insufficient (?:cpu|memory|pods)|Preempt(?:ed|ing)\b|TaintManagerEviction|\bEvicted\b"
        r"|The node was low on resource|NodeNotReady|node is not ready",
        "no node takes the pod, or its node is not ready. No secret is mounted before it has one",
        "kubectl describe node; compare the pod's requests, tolerations and affinity with the nodes",
        f'{KUBERNETES_DOCS}: "Kubernetes Scheduler"',
    ),
    build_unrelated(
        "another volume",
        r"MountVolume\.(?:MountDevice|WaitForAttach|SetupDevice)|MapVolume\.|AttachVolume\.|FailedAttachVolume"
        r"|FailedMapVolume|volume \\?\"(?:pvc-|kube-api-access-)|mount\.(?:nfs|cifs)|persistentvolumeclaim"
        r"|configmaps? \\?\"[^\"]+\\?\" not found|plugins/(?!csi-secrets-store)[\w.-]+/csi\.sock"
        r"|driver name (?!secrets-store\.csi)[\w.-]+ not found in the list of registered CSI drivers"
        r"|object \\?\"[^\"]+\\?\"/\\?\"[^\"]+\\?\" not registered|hostPath type check failed",
        "the pod waits for another volume of its own: a disk, a share, a ConfigMap, or its API token",
        "look at that volume: kubectl get pvc, volumeattachments and configmaps, and the log of the driver that the "
        "volume names",
        f'{KUBERNETES_DOCS}: "Persistent Volumes"',
    ),
    build_unrelated(
        "the pod's network",
        r"FailedCreatePodSandBox|failed to (?:create|set ?up|start)(?: pod)? sandbox|networkPlugin cni"
        r"|cni plugin not initialized|network is not ready",
        "the node's network plugin gave the pod no network",
        "look at the network plugin's pods on that node, and their logs",
        f'{KUBERNETES_DOCS}: "Network Plugins"',
    ),
    build_unrelated(
        "a quota",
        r"exceeded quota|must specify (?:limits|requests)|failed quota|(?:maximum|minimum) (?:cpu|memory) usage per",
        "the namespace's ResourceQuota or LimitRange refuses the pod",
        "raise it, or lower the workload's resources and replicas",
        f'{KUBERNETES_DOCS}: "Resource Quotas"',
    ),
    build_explanation(
        "an agent under Pod Security",
        r"violates PodSecurity[\s\S]*?vault-agent|vault-agent[\s\S]*?violates PodSecurity",
        "the containers that the Vault Agent injector adds do not meet the namespace's Pod Security Standard",
        "set in the pod's securityContext what the message lists (seccompProfile: {type: "
        "RuntimeDefault}, runAsNonRoot: "
        "true), as Strongroom's own workloads do: it holds for the agent too; or set the annotations "
        "vault.hashicorp.com/agent-json-patch and agent-init-json-patch to add it",
        'Vault docs: "Vault Agent Injector annotations"; Kubernetes docs: "Pod Security Standards"',
    ),
    build_explanation(
        "inline volumes on OpenShift",
        r"uses an inline volume provided by CSIDriver \S+ and namespace \S+ has a pod security \w+ level",
        "OpenShift lets the driver's volumes only into namespaces of the level that the CSIDriver names, and without a "
        "label that is 'privileged'",
        "kubectl label csidriver secrets-store.csi.k8s.io "
        "security.openshift.io/csi-ephemeral-volume-profile=restricted",
        'OpenShift docs: "CSI inline ephemeral volumes"',
        context=r"secrets-store\.csi\.k8s\.io",
    ),
    build_explanation(
        "no service account",
        r"error looking up service account|serviceaccounts? \\?\"[^\"]+\\?\" not found",
        "there is no service account of that name in the namespace: no pod is created, or none gets a token",
        "pulumi refresh, then pulumi up; in other stacks, create it or correct serviceAccountName",
        f'{KUBERNETES_DOCS}: "Service Accounts"',
    ),
    build_unrelated(
        "what a cluster forbids",
        r"violates PodSecurity|admission webhook \\?\"[^\"]+\\?\" denied the request|security context constraint"
        r"|ValidatingAdmissionPolicy|container has runAsNonRoot|non-numeric user|uses an inline volume provided by"
        r"|failed calling webhook \\?\"(?![^\"]*(?:hashicorp\.com|spv\.no|azure-workload-identity))[^\"]+\\?\"",
        "a rule of the cluster (Pod Security, a policy engine, another webhook) keeps the pod from being "
        "created or started",
        "read which rule the message names, and change the pod, or ask the rule's owner for an exception",
        f'{KUBERNETES_DOCS}: "Pod Security Admission", "Dynamic Admission Control"',
    ),
    build_unrelated(
        "something else of the cluster",
        r"DNSConfigForming|Nameserver limits|FailedGet\w*Metric|FailedComputeMetricsReplicas|FailedToUpdateEndpoint"
        r"|FailedKillPod|ImageGCFailed|FreeDiskSpaceFailed|InvalidDiskCapacity|EvictionThresholdMet|SystemOOM",
        "the node or a controller reports on itself: names, metrics, endpoints, space",
        "look at the node (kubectl describe node) or the controller that the event is from",
        f'{KUBERNETES_DOCS}: "Events"',
        follows=(ANY,),
    ),
)
"""In the order of matching: the more specific ones come first."""

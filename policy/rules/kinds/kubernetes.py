"""Kinds of resources in Kubernetes, without their API versions."""

CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io:ClusterRole"
CLUSTER_ROLE_BINDING = "kubernetes:rbac.authorization.k8s.io:ClusterRoleBinding"
DEPLOYMENT = "kubernetes:apps:Deployment"
KEY_VAULT_SECRET = "kubernetes:spv.no:AzureKeyVaultSecret"  # noqa: S105 - a kind
NAMESPACE = "kubernetes:core:Namespace"
POD = "kubernetes:core:Pod"
PROVIDER_CLASS = "kubernetes:secrets-store.csi.x-k8s.io:SecretProviderClass"
RELEASE = "kubernetes:helm.sh:Release"
ROLE_BINDING = "kubernetes:rbac.authorization.k8s.io:RoleBinding"
SERVICE_ACCOUNT = "kubernetes:core:ServiceAccount"

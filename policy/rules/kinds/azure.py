"""Kinds of resources in Azure."""

ACCESS_POLICY = "azure-native:keyvault:AccessPolicy"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
CERTIFICATE = "pulumi-python:dynamic/strongroom:Certificate"
CLUSTER = "azure-native:containerservice:ManagedCluster"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
FEDERATED = "azure-native:managedidentity:FederatedIdentityCredential"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
KEY = "azure-native:keyvault:Key"
RESOURCE_GROUP = "azure-native:resources:ResourceGroup"
SECRET = "azure-native:keyvault:Secret"  # noqa: S105 - a kind
VAULT = "azure-native:keyvault:Vault"

"""The identities by which pods reach an Azure Key Vault."""

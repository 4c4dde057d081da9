"""A Vault server in the cluster."""

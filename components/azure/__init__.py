"""Azure Key Vault: vaults, identities, access, and the backend made of them."""

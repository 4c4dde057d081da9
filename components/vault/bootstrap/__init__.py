"""A Vault's initialisation, unsealing and keys."""

"""HashiCorp Vault: engines, auth methods, policies, and the backend made of them."""

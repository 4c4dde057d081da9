"""What goes wrong around a deployment, done on purpose and with a seed: processes die, servers fail."""

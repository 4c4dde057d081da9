"""Damage done by hand to deployed stacks, each kind of which must turn its line of `verify` red."""

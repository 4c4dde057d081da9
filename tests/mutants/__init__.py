"""Mutants: small faults put into a copy of the product, each of which one named test must notice."""

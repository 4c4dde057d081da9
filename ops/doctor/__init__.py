"""Diagnosis of a workload whose secrets are missing: checks from the driver to the object."""

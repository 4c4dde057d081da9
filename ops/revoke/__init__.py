"""Revocation of a workload after an incident."""

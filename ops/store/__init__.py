"""A store, as a workload reaches it."""

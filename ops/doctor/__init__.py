"""Why a workload's secrets don't reach it: the chain from the driver to the object, link by link."""

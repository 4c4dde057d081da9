"""Kubernetes: the CSI driver, SecretProviderClasses and the workloads that mount them."""

"""A stack's Kubernetes objects, as files for GitOps."""

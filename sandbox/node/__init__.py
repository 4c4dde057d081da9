"""A node for the sandbox's cluster: containerd and a kubelet in namespaces of their own.

No other program of the machine sees their mounts, network, processes or settings.
"""

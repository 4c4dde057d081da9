"""An emulator of the parts of Azure that lie between a secret and a pod.

It denies what Azure denies: tokens that no federated credential admits, and reads that no role assignment or access
policy allows. It answers under Azure's own names, behind a proxy that knows no other host, so that clients need no
change and nothing reaches the real Azure. It is test equipment: nothing outside the sandbox starts it.
"""

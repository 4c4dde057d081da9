"""The Kubernetes auth method of a Vault."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_vault

from ...args import Args, Input
from ...cross_checks import cross_check
from ...derived_names import derive_name
from ...durations import Seconds
from ...field_types import Text
from ...urls import Url
from ...workload import Workload
from ..remount import build_mount_options
from .options import KubernetesAuthOptions

REVIEWER_NAMESPACE = "kube-system"


class WorkloadRole(Args):
    """A role by which one workload logs in."""

    workload: Workload
    """The workload."""

    name: Text
    """The role's name."""

    policy: Text
    """The only policy of its tokens."""

    audience: Text
    """Audience of the service account's tokens."""

    token_ttl: Seconds
    """Life of its Vault tokens, in seconds."""

    token_max_ttl: Seconds
    """Their longest life, with renewals, in seconds."""


@runtime_checkable
class WorkloadAuth(Protocol):
    """An auth method by which a pod's service account token becomes a Vault token."""

    path: str
    """The path that the method is mounted at."""

    def declare_role(self, role: WorkloadRole, opts: pulumi.ResourceOptions | None = None) -> pulumi.Resource:
        """Declare the role that admits its workload's service account, with its audience, and nobody else."""
        ...


class KubernetesAuthArgs(KubernetesAuthOptions, Args):
    """The arguments of a `KubernetesAuth`."""

    kubernetes_host: Input[Url] | None = None
    """URL of the API server, as Vault reaches it. Required with `create`."""

    kubernetes_ca_certificate: Input[str] | None = None
    """PEM of the CA that signed the API server's certificate."""

    @cross_check
    def _check_host(self) -> Iterator[tuple[str, str]]:
        if self.create and self.kubernetes_host is None:
            yield "kubernetes_host", "This setting is required: name the API server's URL, as Vault reaches it"


class KubernetesAuth(pulumi.ComponentResource):
    """A Kubernetes auth method, by which a pod's service account token becomes a Vault token.

    With the reviewer `service-account`, a service account that may review tokens and do nothing else is made in
    `kube-system`, with a long-lived token: a client that reviews itself fails as soon as its token has an audience
    of its own. (Vault docs: "Kubernetes auth method", on short-lived tokens)
    """

    path: str
    """The path that the method is mounted at."""

    ready: list[pulumi.Resource]
    """What must exist before a role can be made or a login can succeed."""

    def __init__(self, name: str, args: KubernetesAuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount and configure the method, unless it exists.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:KubernetesAuth", name, None, opts)
        self.path = args.path
        self.ready = []
        if args.create:
            mount = pulumi_vault.AuthBackend(
                name,
                type="kubernetes",
                path=args.path,
                description="Service accounts of workloads, mounted by Strongroom",
                opts=build_mount_options(self),
            )
            configuration = pulumi_vault.kubernetes.AuthBackendConfig(
                name,
                backend=args.path,
                kubernetes_host=args.kubernetes_host,
                kubernetes_ca_cert=args.kubernetes_ca_certificate,
                token_reviewer_jwt=self._declare_reviewer_token(name) if args.reviewer == "service-account" else None,
                disable_local_ca_jwt=args.reviewer != "in-cluster",
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[mount], additional_secret_outputs=["tokenReviewerJwt"]
                ),
            )
            self.ready = [mount, configuration]
        self.register_outputs({"path": args.path})

    def declare_role(self, role: WorkloadRole, opts: pulumi.ResourceOptions | None = None) -> pulumi.Resource:
        """Declare a role, as `WorkloadAuth` describes it."""
        return pulumi_vault.kubernetes.AuthBackendRole(
            role.workload.path,
            backend=self.path,
            role_name=role.name,
            bound_service_account_names=[role.workload.service_account_name],
            bound_service_account_namespaces=[role.workload.namespace],
            audience=role.audience,
            token_policies=[role.policy],
            token_no_default_policy=True,
            token_ttl=role.token_ttl,
            token_max_ttl=role.token_max_ttl,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=self.ready)),
        )

    def _declare_reviewer_token(self, name: str) -> pulumi.Output[str]:
        account_name = build_reviewer_name(self.path)
        child = pulumi.ResourceOptions(parent=self)
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-reviewer",
            metadata={"name": account_name, "namespace": REVIEWER_NAMESPACE},
            automount_service_account_token=False,
            opts=child,
        )
        binding = kubernetes.rbac.v1.ClusterRoleBinding(
            f"{name}-reviewer",
            metadata={"name": account_name},
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:auth-delegator",
            },
            subjects=[{"kind": "ServiceAccount", "name": account_name, "namespace": REVIEWER_NAMESPACE}],
            opts=child,
        )
        token = kubernetes.core.v1.Secret(
            f"{name}-reviewer",
            type="kubernetes.io/service-account-token",
            metadata={
                "name": account_name,
                "namespace": REVIEWER_NAMESPACE,
                "annotations": {"kubernetes.io/service-account.name": account_name},
            },
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[account, binding], additional_secret_outputs=["data", "stringData"]
            ),
        )
        return pulumi.Output.secret(token.data.apply(_decode_token))


def build_reviewer_name(path: str) -> str:
    """Build the name of the service account that reviews tokens for the method at `path`."""
    return f"vault-token-reviewer-{derive_name(path, separator='-', limit=200)}"


def _decode_token(data: Mapping[str, Any] | None) -> str:
    # A preview knows no data yet.
    return base64.b64decode(data["token"]).decode() if data and "token" in data else ""

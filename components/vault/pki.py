"""The PKI secrets engine of a Vault: a role for each certificate of a workload."""

import pulumi
import pulumi_vault

from ..args import Args
from ..certificates import WorkloadCertificate, find_foreign_names, list_service_names
from ..errors import InvalidArgumentsError
from ..workload import Workload
from .dynamic import DynamicSecret
from .pki_options import PkiOptions
from .policy import build_role_prefix


class PkiEngineArgs(PkiOptions, Args):
    """The arguments of a `PkiEngine`."""


class PkiEngine(pulumi.ComponentResource):
    """A PKI secrets engine that exists and can issue, and what lets workloads have certificates of it.

    (Vault docs: "PKI secrets engine")
    """

    path: str
    """The path that the engine is mounted at."""

    def __init__(self, name: str, args: PkiEngineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Keep what roles need; nothing is declared yet.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:PkiEngine", name, None, opts)
        self.path = args.path
        self._cluster_domain = args.cluster_domain
        self.register_outputs({"path": args.path})

    def declare_role(self, workload: Workload, certificate: WorkloadCertificate, auth_path: str) -> DynamicSecret:
        """Declare the role of a workload's certificate, which issues the names of its service alone.

        :param auth_path: Where the workload logs in: no two stacks' roles have one name.
        :raises InvalidArgumentsError: A name isn't the workload's own.
        """
        for _, issue in find_foreign_names(workload, certificate, self._cluster_domain):
            raise InvalidArgumentsError(f"{workload.path}: certificate {certificate.name!r}: {issue}")
        names = list_service_names(workload, self._cluster_domain)
        name = f"{build_role_prefix(auth_path)}{workload.namespace}.{workload.name}.{certificate.name}"
        role = pulumi_vault.pkisecret.SecretBackendRole(
            f"{workload.path}/{certificate.name}",
            backend=self.path,
            name=name,
            allowed_domains=list(names),
            allow_bare_domains=True,
            allow_subdomains=False,
            allow_glob_domains=False,
            allow_wildcard_certificates=False,
            allow_any_name=False,
            allow_localhost=False,
            allow_ip_sans=False,
            enforce_hostnames=True,
            server_flag=True,
            client_flag=True,
            key_type="ec",
            key_bits=256,
            ttl=str(certificate.ttl),
            max_ttl=str(certificate.ttl),
            opts=pulumi.ResourceOptions(parent=self),
        )
        common_name = certificate.common_name or names[0]
        others = certificate.alt_names if certificate.alt_names is not None else names
        return DynamicSecret(
            path=f"{self.path}/issue/{name}",
            files={
                "certificate": certificate.files.certificate,
                "private_key": certificate.files.private_key,
                "ca_chain": certificate.files.ca,
            },
            role=role,
            capability="update",
            arguments={
                "common_name": common_name,
                "alt_names": ",".join(others),
                "ttl": f"{certificate.ttl}s",
            },
        )

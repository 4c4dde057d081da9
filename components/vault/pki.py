"""The PKI secrets engine of a Vault: a role for each certificate of a workload."""

from collections.abc import Iterator

import pulumi
import pulumi_vault

from ..args import Args
from ..certificates import WorkloadCertificate, find_foreign_names, list_service_names
from ..cross_checks import cross_check
from ..errors import InvalidArgumentsError
from ..urls import Address
from ..workload import Workload
from .dynamic import DynamicSecret
from .pki_options import PkiAuthority, PkiOptions
from .policy import build_role_prefix
from .remount import build_mount_options


class PkiEngineArgs(PkiOptions, Args):
    """The arguments of a `PkiEngine`."""

    address: Address | None = None
    """With `authority`: Vault's URL as those who check certificates reach it; their CRL and OCSP are there."""

    @cross_check
    def _check_address(self) -> Iterator[tuple[str, str]]:
        if self.authority and self.address is None:
            yield "address", "This argument is required with authority: certificates say where their CRL is"


class PkiEngine(pulumi.ComponentResource):
    """A PKI secrets engine, and what lets workloads have certificates of it.

    It exists and can issue, or it is made with an issuer and a root. (Vault docs: "PKI secrets engine"; "Build your own
    certificate authority")
    """

    path: str
    """The path that the engine is mounted at."""

    def __init__(self, name: str, args: PkiEngineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the engine, its issuer and the root, unless they exist.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:PkiEngine", name, None, opts)
        self.path = args.path
        self._cluster_domain = args.cluster_domain
        authority = args.authority
        self._issuer = self._make_issuer(name, authority, args.address) if authority and args.address else None
        self.register_outputs({"path": args.path})

    def _make_issuer(self, name: str, authority: PkiAuthority, address: str) -> pulumi.Output[str]:
        """Make a root, and an issuer that it signs; return the issuer's id."""
        above, root_urls = self._declare_mount(f"{name}/root", authority.root_path, authority.root_ttl, address)
        root = pulumi_vault.pkisecret.SecretBackendRootCert(
            f"{name}/root",
            backend=authority.root_path,
            type="internal",
            common_name=f"{authority.common_name} root",
            key_type="ec",
            key_bits=384,
            ttl=str(authority.root_ttl),
            opts=self._build_child_options(above, root_urls),
        )
        mount, urls = self._declare_mount(name, self.path, authority.ttl, address)
        request = pulumi_vault.pkisecret.SecretBackendIntermediateCertRequest(
            name,
            backend=self.path,
            type="internal",
            common_name=authority.common_name,
            key_type="ec",
            key_bits=256,
            opts=self._build_child_options(mount),
        )
        signed = pulumi_vault.pkisecret.SecretBackendRootSignIntermediate(
            name,
            backend=authority.root_path,
            csr=request.csr,
            common_name=authority.common_name,
            ttl=str(authority.ttl),
            max_path_length=0,
            opts=self._build_child_options(above, root),
        )
        imported = pulumi_vault.pkisecret.SecretBackendIntermediateSetSigned(
            name, backend=self.path, certificate=signed.certificate_bundle, opts=self._build_child_options(mount, urls)
        )
        # In the order of the bundle: the issuer, and the root unless it is there already.
        return imported.imported_issuers.apply(lambda ids: ids[0])

    def _declare_mount(self, name: str, path: str, ttl: int, address: str) -> tuple[pulumi.Resource, pulumi.Resource]:
        """Mount an engine, and say in what it issues where to look for revoked certificates."""
        mount = pulumi_vault.Mount(
            name,
            path=path,
            type="pki",
            max_lease_ttl_seconds=ttl,
            description="Certificates, mounted by Strongroom",
            opts=build_mount_options(self),
        )
        urls = pulumi_vault.pkisecret.SecretBackendConfigUrls(
            name,
            backend=path,
            issuing_certificates=[f"{address}/v1/{path}/ca"],
            crl_distribution_points=[f"{address}/v1/{path}/crl"],
            ocsp_servers=[f"{address}/v1/{path}/ocsp"],
            opts=self._build_child_options(mount),
        )
        return mount, urls

    def _build_child_options(self, mount: pulumi.Resource, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Build the options of what is in an engine: it goes with it."""
        return pulumi.ResourceOptions(parent=self, depends_on=[mount, *after], deleted_with=mount)

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
            # A new issuer doesn't become the engine's default by itself.
            issuer_ref=self._issuer,
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

"""The tools that the sandbox needs, each pinned, and where each comes from."""

import platform
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
SYSTEM = platform.system().lower()
ARCHITECTURE = _ARCHITECTURES.get(platform.machine().lower(), platform.machine().lower())


@dataclass(frozen=True)
class Release:
    """An official download."""

    url: str
    """The archive, or the program itself."""

    checksums: str
    """The published SHA-256 sums: one alone, or lines of sum and file name."""

    member: str | None = None
    """The program's path in the archive; `None` where the download is the program."""


@dataclass(frozen=True)
class Adaptation:
    """One expression of a module's source that is replaced before it is built."""

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Source:
    """A module whose source is copied and adapted, because what was published doesn't build as it is."""

    module: str
    """Module path and version, e.g. `example.net/tool@v1.0.0`."""

    sum: str
    """The module's checksum as Go's checksum database has it."""

    adaptations: tuple[Adaptation, ...] = ()


@dataclass(frozen=True)
class Build:
    """A build from Go modules that are pinned, with their checksums, in `sandbox/tools/modules/<directory>`."""

    directory: str
    package: str
    flags: tuple[str, ...]
    minutes: float
    """About how long it takes on two cores."""

    source: Source | None = None
    """What stands in `./src` beside the module file, where something does."""


@dataclass(frozen=True)
class Tool:
    """A program, at one version."""

    name: str
    version: str
    """Without a leading `v`."""

    version_arguments: tuple[str, ...]
    """What makes it print its version."""

    release: Release | None
    """Where there is none, it is built."""

    build: Build


_VAULT_SOURCE = Source(
    module="github.com/hashicorp/vault@v1.21.3",
    sum="h1:tFlQSTiG7xD3vwxZytDiBUqJ7SUAg3nCOeALxknVUws=",
    adaptations=(
        # Vault is released with an SDK that was never published: its ActivationFunc has a parameter less.
        Adaptation(
            "vault/identity_store.go",
            "ActivationFunc: iStore.activateDeduplication,",
            "ActivationFunc: func(ctx context.Context, req *logical.Request, _ string) error "
            "{ return iStore.activateDeduplication(ctx, req) },",
        ),
        Adaptation(
            "vault/logical_system_activation_flags.go",
            "b.idStoreBackend.ActivationFunc(ctx, nil)",
            'b.idStoreBackend.ActivationFunc(ctx, nil, "")',
        ),
        # The minimal build, which takes a third of the full one's time, with the plugins that the tests need.
        Adaptation(
            "helper/builtinplugins/registry_min.go",
            "func extendAddonPlugins(_ *registry) {\n\t// No-op\n}",
            "import (\n"
            '\tcredKube "github.com/hashicorp/vault-plugin-auth-kubernetes"\n'
            '\tcredGitHub "github.com/hashicorp/vault/builtin/credential/github"\n'
            '\tcredLdap "github.com/hashicorp/vault/builtin/credential/ldap"\n'
            '\tdbPostgres "github.com/hashicorp/vault/plugins/database/postgresql"\n'
            ")\n\n"
            "func extendAddonPlugins(reg *registry) {\n"
            '\treg.credentialBackends["github"] = credentialBackend{Factory: credGitHub.Factory}\n'
            '\treg.credentialBackends["kubernetes"] = credentialBackend{Factory: credKube.Factory}\n'
            '\treg.credentialBackends["ldap"] = credentialBackend{Factory: credLdap.Factory}\n'
            '\treg.databasePlugins["postgresql-database-plugin"] = databasePlugin{Factory: dbPostgres.New}\n'
            "}",
        ),
    ),
)

_STRIPPED = ("-ldflags", "-s -w")


def _pulumi(version: str) -> Tool:
    architecture = {"amd64": "x64"}.get(ARCHITECTURE, ARCHITECTURE)
    return Tool(
        "pulumi",
        version,
        ("version",),
        Release(
            f"https://get.pulumi.com/releases/sdk/pulumi-v{version}-{SYSTEM}-{architecture}.tar.gz",
            f"https://github.com/pulumi/pulumi/releases/download/v{version}/pulumi-{version}-checksums.txt",
            "pulumi/pulumi",
        ),
        Build(
            "pulumi",
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            ("-ldflags", f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}"),
            5,
        ),
    )


def _etcd(version: str) -> Tool:
    folder = f"etcd-v{version}-{SYSTEM}-{ARCHITECTURE}"
    base = f"https://github.com/etcd-io/etcd/releases/download/v{version}"
    return Tool(
        "etcd",
        version,
        ("--version",),
        Release(f"{base}/{folder}.tar.gz", f"{base}/SHA256SUMS", f"{folder}/etcd"),
        Build("etcd", "go.etcd.io/etcd/server/v3", _STRIPPED, 1),
    )


def _vault(version: str) -> Tool:
    base = f"https://releases.hashicorp.com/vault/{version}/vault_{version}"
    return Tool(
        "vault",
        version,
        ("version",),
        Release(f"{base}_{SYSTEM}_{ARCHITECTURE}.zip", f"{base}_SHA256SUMS", "vault"),
        Build("vault", "github.com/hashicorp/vault", ("-tags", "minimal", *_STRIPPED), 5, _VAULT_SOURCE),
    )


def _kubernetes(
    name: str, minutes: float, version_arguments: tuple[str, ...] = ("--version",), version: str = "1.37.2"
) -> Tool:
    url = f"https://dl.k8s.io/release/v{version}/bin/{SYSTEM}/{ARCHITECTURE}/{name}"
    major, minor, _ = version.split(".")
    stamp = "k8s.io/component-base/version.git"
    stamps = f"-X {stamp}Version=v{version} -X {stamp}Major={major} -X {stamp}Minor={minor}"
    return Tool(
        name,
        version,
        version_arguments,
        Release(url, f"{url}.sha256"),
        Build("kubernetes", f"k8s.io/kubernetes/cmd/{name}", ("-ldflags", f"-s -w {stamps}"), minutes),
    )


def _helm(version: str) -> Tool:
    folder = f"{SYSTEM}-{ARCHITECTURE}"
    archive = f"https://get.helm.sh/helm-v{version}-{folder}.tar.gz"
    stamp = f"-X helm.sh/helm/v3/internal/version.version=v{version}"
    return Tool(
        "helm",
        version,
        ("version", "--template", "{{.Version}}"),
        Release(archive, f"{archive}.sha256sum", f"{folder}/helm"),
        Build("helm", "helm.sh/helm/v3/cmd/helm", ("-ldflags", f"-s -w {stamp}"), 1.5),
    )


def _actionlint(version: str) -> Tool:
    base = f"https://github.com/rhysd/actionlint/releases/download/v{version}/actionlint_{version}"
    return Tool(
        "actionlint",
        version,
        ("-version",),
        Release(f"{base}_{SYSTEM}_{ARCHITECTURE}.tar.gz", f"{base}_checksums.txt", "actionlint"),
        Build(
            "actionlint",
            "github.com/rhysd/actionlint/cmd/actionlint",
            ("-ldflags", f"-s -w -X github.com/rhysd/actionlint.version={version}"),
            0.2,
        ),
    )


TOOLS = (
    _pulumi("3.259.0"),
    _etcd("3.7.3"),
    _vault("1.21.3"),
    _kubernetes("kube-apiserver", 7),
    _kubernetes("kube-controller-manager", 3),
)
"""In the order of need."""

HELM = _helm("3.22.0")
"""Not needed by the servers: `Tools(reporter, catalogue=(*TOOLS, HELM))` has it too."""

EXAMPLES = (
    Tool(
        "pulumi-language-yaml",
        "1.32.0",
        ("-help",),
        None,
        Build("pulumi-language-yaml", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", _STRIPPED, 1),
    ),
    Tool("pulumi-sdk-nodejs", "3.259.0", (), None, Build("pulumi-sdk-nodejs", ".", _STRIPPED, 0.5)),
)
"""What programs in other languages need: the YAML host, and what writes SDKs for Node.js."""

CHECKS = (_actionlint("1.7.12"), _kubernetes("kubectl", 1.5, ("version", "--client")))
"""What tests and benchmarks alone need."""

CSI_DRIVER = Source(
    module="sigs.k8s.io/secrets-store-csi-driver@v1.6.0",
    sum="h1:YpKG/2hJkp3EkRGpH5SPxg1/5AkmeD5pwHNKIlE90FU=",
)
"""The module that publishes the SecretProviderClass CRDs."""

CRDS = "config/crd/bases"
"""Where that module keeps them."""

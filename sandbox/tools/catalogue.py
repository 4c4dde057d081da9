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
    """Where its SHA-256 sum is published: one alone, or lines of sum and file name. What counts is the one that is
    pinned in `checksums.txt`."""

    member: str | None = None
    """The program's path in the archive; `None` where the download is the program."""


@dataclass(frozen=True)
class Adaptation:
    """One expression of a module's source that is replaced before it is built."""

    file: str
    before: str
    after: str
    until: str | None = None
    """Replace all from `before` up to the next `until`, which stays. `""` is the end of the file."""


@dataclass(frozen=True)
class Source:
    """A module whose source is copied and adapted: it doesn't build as published, or holds what the sandbox never uses.

    Files under `src` beside the module file are added to the copy, or take the place of its own.
    """

    module: str
    """Module path and version, e.g. `example.net/tool@v1.0.0`."""

    sum: str
    """The module's checksum as Go's checksum database has it."""

    adaptations: tuple[Adaptation, ...] = ()

    dropped: tuple[str, ...] = ()
    """Patterns of files, and folders with a slash at the end, that are not copied."""


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


_CLOUD_LOGINS = ("alicloud", "aws", "azure", "cf", "gcp", "kerberos", "oci")

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
        # What the sandbox never uses: clouds' key services, discovery, logins and metrics, and Okta's pushes.
        Adaptation(
            "internalshared/configutil/kms.go",
            '\t"github.com/hashicorp/go-kms-wrapping/wrappers/alicloudkms/v2"',
            "",
            until='\t"github.com/hashicorp/go-kms-wrapping/wrappers/transit/v2"',
        ),
        Adaptation(
            "internalshared/configutil/kms.go",
            "func GetAliCloudKMSFunc(",
            "func absent(kms *KMS, _ ...wrapping.Option) (wrapping.Wrapper, map[string]string, error) {\n"
            '\treturn nil, nil, fmt.Errorf("seal %q: not in the sandbox\'s build of Vault", kms.Type)\n}\n\n'
            "var GetAliCloudKMSFunc, GetAWSKMSFunc, GetAzureKeyVaultKMSFunc = absent, absent, absent\n\n"
            "var GetGCPCKMSKMSFunc, GetOCIKMSKMSFunc = absent, absent\n\n",
            until="var GetTransitKMSFunc",
        ),
        Adaptation(
            "internalshared/configutil/env_var_util.go",
            '\t"github.com/hashicorp/go-kms-wrapping/wrappers/alicloudkms/v2"',
            "",
            until='\t"github.com/hashicorp/go-kms-wrapping/wrappers/transit/v2"',
        ),
        Adaptation(
            "internalshared/configutil/env_var_util.go",
            "\tAliCloudKMSEnvVars = map",
            "\tAliCloudKMSEnvVars, AWSKMSEnvVars, AzureEnvVars, GCPCKMSEnvVars, OCIKMSEnvVars map[string]string\n\n",
            until="\tTransitEnvVars = map",
        ),
        Adaptation("vault/core.go", '\t"github.com/hashicorp/go-kms-wrapping/wrappers/awskms/v2"\n', ""),
        Adaptation("vault/core.go", ', awskms.WithLogger(c.logger.Named("shamir"))', ""),
        Adaptation(
            "internalshared/configutil/telemetry.go",
            '\t"context"\n\t"errors"\n\t"fmt"\n\t"time"\n\n\tmonitoring "cloud.google.com/go/monitoring/apiv3"\n',
            '\t"errors"\n\t"fmt"\n\t"time"\n\n',
        ),
        Adaptation(
            "internalshared/configutil/telemetry.go",
            '\tstackdriver "github.com',
            "",
            until='\t"github.com/hashicorp/cli"',
        ),
        Adaptation("internalshared/configutil/telemetry.go", '\t"google.golang.org/api/option"\n', ""),
        Adaptation(
            "internalshared/configutil/telemetry.go",
            "\t\tclient, err := monitoring.NewMetricClient(",
            '\t\treturn nil, nil, false, errors.New("stackdriver: not in the sandbox\'s build of Vault")\n\t}\n\n',
            until="\t// Initialize the global sink",
        ),
        Adaptation("vault/login_mfa.go", '\t"github.com/okta/okta-sdk-golang/v5/okta"\n', ""),
        Adaptation("vault/login_mfa.go", '\t"regexp"\n', ""),
        Adaptation(
            "vault/login_mfa.go",
            "\toktaConfig := mConfig.GetOktaConfig()\n\tif oktaConfig == nil {\n\t\treturn fmt.Errorf(",
            '\treturn fmt.Errorf("MFA by Okta: not in the sandbox\'s build of Vault")\n}\n\n',
            until="func (c *Core) validatePingID(",
        ),
        *(
            Adaptation(
                "command/agentproxyshared/helpers.go",
                f'\t"github.com/hashicorp/vault/command/agentproxyshared/auth/{method}"\n',
                "",
            )
            for method in _CLOUD_LOGINS
        ),
        Adaptation(
            "command/agentproxyshared/helpers.go",
            '\tcase "alicloud":',
            "\tcase " + ", ".join(f'"{method}"' for method in (*_CLOUD_LOGINS, "pcf")) + ":\n"
            '\t\treturn nil, fmt.Errorf("auto-auth by %q: not in the sandbox\'s build of Vault", autoAuthMethodType)\n',
            until='\tcase "cert":',
        ),
        Adaptation("command/agentproxyshared/helpers.go", '\tcase "cf":', "", until='\tcase "jwt":'),
        Adaptation(
            "command/agentproxyshared/helpers.go", '\tcase "kerberos":', "", until='\tcase "kubernetes":\n\t\treturn'
        ),
        Adaptation("command/agentproxyshared/helpers.go", '\tcase "oci":', "", until='\tcase "token_file":'),
        Adaptation("command/agentproxyshared/helpers.go", '\tcase "pcf":', "", until='\tcase "ldap":'),
    ),
    dropped=("vault/hcp_link/*.go",),
)

_PULUMI_SOURCE = Source(
    module="github.com/pulumi/pulumi/pkg/v3@v3.259.0",
    sum="h1:Zf4wiLmgdhTAyq5dtTVnNY26BjtGrJ85ZQYut2qG6xM=",
    # Omitted: clouds' storage, key services and logs, Pulumi Cloud's API, environments and agent.
    dropped=("cmd/pulumi/cloud/schema.go", "cmd/esc/cli/*.go", "cmd/pulumi/neo/*.go", "operations/operations_[ag]*.go"),
    adaptations=(
        Adaptation(
            "backend/diy/backend.go",
            '\t"gocloud.dev/blob/azureblob"',
            '\t_ "gocloud.dev/blob/fileblob" // driver for file://\n',
            until='\t"gocloud.dev/gcerrors"',
        ),
        Adaptation("backend/diy/backend.go", '\t"github.com/pulumi/pulumi/pkg/v3/authhelpers"\n', ""),
        Adaptation(
            "backend/diy/backend.go",
            "\t// for gcp we want to support additional",
            '\tif slices.Contains([]string{"azblob", "gs", "s3"}, p.Scheme) {\n'
            '\t\treturn nil, fmt.Errorf("%s://: not in the sandbox\'s build of Pulumi", p.Scheme)\n'
            "\t}\n",
            until="\tbucket, err := blobmux.OpenBucket(",
        ),
        Adaptation(
            "backend/diy/backend.go",
            "return blob.DefaultURLMux().ValidBucketScheme(u.Scheme)",
            "return blob.DefaultURLMux().ValidBucketScheme(u.Scheme) ||\n"
            '\t\tslices.Contains([]string{"azblob", "gs", "s3"}, u.Scheme)',
        ),
        Adaptation("backend/diy/backend.go", '\t"sort"\n', '\t"slices"\n\t"sort"\n'),
        Adaptation("backend/diy/bucket.go", '\tawss3 "github.com/aws/aws-sdk-go-v2/service/s3"\n', ""),
        Adaptation("backend/diy/bucket.go", '\t"net/url"\n', ""),
        Adaptation(
            "backend/diy/bucket.go",
            "\tvar optsCopy blob.CopyOptions\n",
            "\treturn b.bucket.Copy(ctx, filepath.ToSlash(dstKey), filepath.ToSlash(srcKey), opts)\n}\n\n",
            until="func (b *wrappedBucket) Delete(",
        ),
        Adaptation("secrets/cloud/manager.go", '\tnetUrl "net/url"\n', ""),
        Adaptation(
            "secrets/cloud/manager.go",
            '\t_ "gocloud.dev/secrets/awskms"',
            "",
            until='\t"github.com/pulumi/pulumi/pkg/v3/secrets"',
        ),
        Adaptation(
            "secrets/cloud/manager.go",
            "\tu, err := netUrl.Parse(url)",
            '\treturn nil, fmt.Errorf("%s: not in the sandbox\'s build of Pulumi", url)\n}\n\n',
            until="// generateNewDataKey generates",
        ),
        Adaptation(
            "cmd/pulumi/cloud/spec.go",
            '\t"fmt"\n\t"io"\n',
            '\t"io"\n\n\t"github.com/gorilla/mux"\n',
            until='\t"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"',
        ),
        Adaptation(
            "cmd/pulumi/cloud/spec.go",
            "func parseIndex(data []byte)",
            "func parseIndex([]byte) (*Index, error) {\n"
            "\treturn nil, NewAPIError(cmdutil.ExitInternalError, ErrSpecParse,\n"
            '\t\t"the API of Pulumi Cloud: not in the sandbox\'s build of Pulumi")\n}\n',
            until="",
        ),
        # Markdown is shown as it is.
        Adaptation("cmd/pulumi/config/config_env_init.go", '\t"github.com/charmbracelet/glamour"\n', ""),
        Adaptation(
            "cmd/pulumi/config/config_env_init.go",
            "\tif !cmdutil.InteractiveTerminal() {",
            "\treturn markdown.String(), nil\n}\n\n",
            until="type evalCrypter interface",
        ),
        Adaptation(
            "cmd/pulumi/schemainfo/description.go",
            '\t"github.com/charmbracelet/glamour"\n\t"github.com/charmbracelet/glamour/ansi"\n',
            "",
        ),
        Adaptation(
            "cmd/pulumi/schemainfo/description.go",
            "// helpMarkdownStyle returns",
            "",
            until="// droppedHelpSections are",
        ),
        Adaptation(
            "cmd/pulumi/schemainfo/description.go",
            "\trenderer, err := glamour.NewTermRenderer(",
            "\treturn tidyRendered(md)\n}\n",
            until="",
        ),
    ),
)

_KUBERNETES_SOURCE = Source(
    module="k8s.io/kubernetes@v1.37.2",
    sum="h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=",
    dropped=("api/", "build/", "CHANGELOG/", "cluster/", "hack/", "test/", "*_test.go"),
    adaptations=(
        # One comparison of the controllers' draws the kubelet and the scheduler in.
        Adaptation("pkg/controller/podgc/gc_controller.go", '\t"k8s.io/kubernetes/pkg/kubelet/eviction"\n', ""),
        Adaptation(
            "pkg/controller/podgc/gc_controller.go",
            "eviction.PodIsEvicted(o[i].Status), eviction.PodIsEvicted(o[j].Status)",
            "isEvicted(o[i].Status), isEvicted(o[j].Status)",
        ),
        Adaptation(
            "pkg/controller/podgc/gc_controller.go",
            "type PodGCController struct {",
            "func isEvicted(status v1.PodStatus) bool {\n"
            '\treturn status.Phase == v1.PodFailed && status.Reason == "Evicted"\n}\n\n'
            "type PodGCController struct {",
        ),
    ),
)

_PULUMI_KUBERNETES_SOURCE = Source(
    module="github.com/pulumi/pulumi-kubernetes/provider/v4@v4.0.0-20260115033456-f47bc2d6f199",
    sum="h1:j2bphCf7c2YhnBrhwht2f3TNRRgcMImltUlAgzxr9H4=",
    dropped=("*_test.go",),
    adaptations=tuple(
        # What it embeds is written by its build, from these files: the same, with a version in the schema.
        Adaptation("cmd/pulumi-resource-kubernetes/main.go", f"//go:embed {name}-embed.json", f"//go:embed {name}.json")
        for name in ("schema", "terraform-mapping")
    ),
)

TRIMMED = "sandbox"
"""The build metadata in the version of a tool that lacks what the sandbox never uses, e.g. `3.259.0+sandbox`."""


def _flags(*stamps: str) -> tuple[str, ...]:
    # The same for all tools, so that what two of them share is compiled once. Trimmed paths keep what was compiled of
    # adapted sources valid when the tools are cached in another directory. Without inlining, compiling takes a seventh
    # less, and the servers are fast enough.
    return (
        "-trimpath",
        "-gcflags=all=-dwarf=false -l",
        "-ldflags",
        " ".join(["-s -w", *(f"-X {stamp}" for stamp in stamps)]),
    )


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
            _flags(f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}+{TRIMMED}"),
            1.3,
            _PULUMI_SOURCE,
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
        Build("etcd", "go.etcd.io/etcd/server/v3", _flags(), 1),
    )


def _vault(version: str) -> Tool:
    base = f"https://releases.hashicorp.com/vault/{version}/vault_{version}"
    return Tool(
        "vault",
        version,
        ("version",),
        Release(f"{base}_{SYSTEM}_{ARCHITECTURE}.zip", f"{base}_SHA256SUMS", "vault"),
        Build(
            "vault",
            "github.com/hashicorp/vault",
            ("-tags", "minimal", *_flags(f"github.com/hashicorp/vault/version.VersionMetadata={TRIMMED}")),
            1,
            _VAULT_SOURCE,
        ),
    )


def _kubernetes(name: str, minutes: float, version_arguments: tuple[str, ...] = ("--version",)) -> Tool:
    version = "1.37.2"
    url = f"https://dl.k8s.io/release/v{version}/bin/{SYSTEM}/{ARCHITECTURE}/{name}"
    major, minor, _ = version.split(".")
    stamp = "k8s.io/component-base/version.git"
    stamps = (f"{stamp}Version=v{version}", f"{stamp}Major={major}", f"{stamp}Minor={minor}")
    return Tool(
        name,
        version,
        version_arguments,
        Release(url, f"{url}.sha256"),
        Build("kubernetes", f"k8s.io/kubernetes/cmd/{name}", _flags(*stamps), minutes, _KUBERNETES_SOURCE),
    )


def _csi(name: str, version: str, package: str, minutes: float, module: str | None = None) -> Tool:
    stamps = [f"{module}/pkg/version.BuildVersion=v{version}"] if module else []
    return Tool(name, version, ("-version",), None, Build("csi", package, _flags(*stamps), minutes))


def _helm(version: str) -> Tool:
    folder = f"{SYSTEM}-{ARCHITECTURE}"
    archive = f"https://get.helm.sh/helm-v{version}-{folder}.tar.gz"
    stamp = f"helm.sh/helm/v3/internal/version.version=v{version}"
    return Tool(
        "helm",
        version,
        ("version", "--template", "{{.Version}}"),
        Release(archive, f"{archive}.sha256sum", f"{folder}/helm"),
        Build("helm", "helm.sh/helm/v3/cmd/helm", _flags(stamp), 1),
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
            _flags(f"github.com/rhysd/actionlint.version={version}"),
            0.2,
        ),
    )


TOOLS = (
    _etcd("3.7.3"),
    _kubernetes("kube-apiserver", 4.5),
    _kubernetes("kube-controller-manager", 0.6),
    _vault("1.21.3"),
    _pulumi("3.259.0"),
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
        Build("pulumi-language-yaml", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", _flags(), 1),
    ),
    Tool("pulumi-sdk-nodejs", "3.259.0", (), None, Build("pulumi-sdk-nodejs", ".", _flags(), 0.5)),
)
"""What programs in other languages need: the YAML host, and what writes SDKs for Node.js."""

CHECKS = (_actionlint("1.7.12"), _kubernetes("kubectl", 0.5, ("version", "--client")))
"""What tests and benchmarks alone need."""

OFFICIAL = (
    Tool(
        "pulumi-resource-kubernetes",
        "4.0.0-20260115033456",
        ("-help",),
        None,
        Build(
            "pulumi-kubernetes",
            "github.com/pulumi/pulumi-kubernetes/provider/v4/cmd/pulumi-resource-kubernetes",
            _flags("github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=4.0.0-20260115033456"),
            6,
            _PULUMI_KUBERNETES_SOURCE,
        ),
    ),
)
"""The official provider plugins that can be built, which the sandbox's fake providers are compared with."""

_CSI, _CSI_AZURE = "sigs.k8s.io/secrets-store-csi-driver", "github.com/Azure/secrets-store-csi-driver-provider-azure"

NODE = (
    _kubernetes("kubelet", 2.5),
    _kubernetes("kube-scheduler", 1),
    _csi("secrets-store-csi-driver", "1.6.0", f"{_CSI}/cmd/secrets-store-csi-driver", 2, _CSI),
    Tool(
        "secrets-store-csi-driver-provider-azure",
        "1.8.2",
        ("-version",),
        None,
        Build("csi-azure", f"{_CSI_AZURE}/cmd", _flags(f"{_CSI_AZURE}/pkg/version.BuildVersion=v1.8.2"), 1),
    ),
    *(
        _csi(name, "0", f"strongroom.invalid/tools/csi/{name}", 0.2)
        for name in ("node-driver-registrar", "livenessprobe")
    ),
    Tool("vault-csi-provider", "0", ("-version",), None, Build("csi-vault", ".", _flags(), 0.5)),
)
"""What a node runs, beside Debian's container runtime."""

_INJECTOR = "github.com/hashicorp/vault-k8s"
INJECTOR = Tool(
    "vault-k8s",
    "1.6.2",
    ("--version",),
    None,
    Build("vault-k8s", _INJECTOR, _flags(f"{_INJECTOR}/version.Version=v1.6.2"), 1.5),
)
"""HashiCorp's injector of agents, which the tests on a node have beside it."""

CSI_DRIVER = Source(
    module="sigs.k8s.io/secrets-store-csi-driver@v1.6.0",
    sum="h1:YpKG/2hJkp3EkRGpH5SPxg1/5AkmeD5pwHNKIlE90FU=",
)
"""The module that publishes the SecretProviderClass CRDs."""

CRDS = "config/crd/bases"
"""Where that module keeps them."""

CSI_AZURE = Source(
    module=f"{_CSI_AZURE}@v1.8.2",
    sum="h1:mh0RBsz4s9BtMnsO8qC5N5Jq2dZjGg6ygRqW33b+fXQ=",
)

MANIFESTS = {
    "csidriver.yaml": (CSI_DRIVER, "deploy/csidriver.yaml"),
    "rbac-secretproviderclass.yaml": (CSI_DRIVER, "deploy/rbac-secretproviderclass.yaml"),
    "rbac-secretprovidersyncing.yaml": (CSI_DRIVER, "deploy/rbac-secretprovidersyncing.yaml"),
    "secrets-store-csi-driver.yaml": (CSI_DRIVER, "deploy/secrets-store-csi-driver.yaml"),
    "provider-azure-installer.yaml": (CSI_AZURE, "deployment/provider-azure-installer.yaml"),
}
"""What the driver and Azure's provider publish to install them: the module, and the file in it."""

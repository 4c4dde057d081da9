"""Mutants that drop a secret's mark: its value would stand in the state, or in another language's program."""

from ..mutant import Mutant

_MARKS = "tests/components/test_secret_marks.py"
_OUTPUTS = f"{_MARKS}::test_outputs_that_hold_secrets_are_named_to_the_engine"
_INPUTS = f"{_MARKS}::test_inputs_that_hold_secrets_are_secret_whatever_their_provider_says"
_SCHEMA = "tests/components/plugin/test_schema.py::test_every_secret_of_a_component_is_one_in_every_language"
_STATE = "The value stands in the stack's state for all to read."
_OTHERS = "A program in another language gets, or gives, the value in the clear."


def _unmarked(id_: str, file: str, before: str, after: str, test: str, breaks: str = _STATE) -> Mutant:
    return Mutant(f"unmarked-{id_}", file, before, after, breaks, test)


MARKS = (
    _unmarked(
        "output-of-the-reviewer",
        "components/vault/auth/kubernetes.py",
        'additional_secret_outputs=["tokenReviewerJwt"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[auth method]",
    ),
    _unmarked(
        "output-of-the-reviewers-secret",
        "components/vault/auth/kubernetes.py",
        'additional_secret_outputs=["data", "stringData"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[reviewer's token]",
    ),
    _unmarked(
        "output-of-oidc",
        "components/vault/auth/oidc.py",
        'build_mount_options(self, "oidcClientSecret")',
        "build_mount_options(self)",
        f"{_OUTPUTS}[oidc]",
    ),
    _unmarked(
        "output-of-ldap",
        "components/vault/auth/ldap.py",
        'build_mount_options(self, "bindpass")',
        "build_mount_options(self)",
        f"{_OUTPUTS}[ldap]",
    ),
    _unmarked(
        "output-of-bootstrap",
        "components/vault/bootstrap/component.py",
        'additional_secret_outputs=["token", "shares"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[bootstrap]",
    ),
    _unmarked(
        "output-of-an-engine",
        "components/vault/engines.py",
        'additional_secret_outputs=["data", "dataJson"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[engine]",
    ),
    _unmarked(
        "output-of-userpass",
        "components/vault/auth/userpass.py",
        'additional_secret_outputs=["passwordWo", "passwordWoVersion"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[userpass]",
    ),
    _unmarked(
        "output-of-generated-tls",
        "components/vault/server/generated_tls.py",
        'additional_secret_outputs=["data", "stringData"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[generated certificate]",
    ),
    _unmarked(
        "output-of-a-certificate",
        "components/vault/server/certificates.py",
        'additional_secret_outputs=["data", "stringData"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[supplied certificate]",
    ),
    _unmarked(
        "output-of-a-generated-value",
        "components/seeds.py",
        'additional_secret_outputs=["result"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[generated value]",
    ),
    _unmarked(
        "output-of-akv2k8s",
        "components/kubernetes/akv2k8s.py",
        'additional_secret_outputs=["data", "stringData"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[akv2k8s]",
    ),
    _unmarked(
        "output-of-a-service-principal",
        "components/azure/identities/existing.py",
        'additional_secret_outputs=["data", "stringData"]',
        "additional_secret_outputs=[]",
        f"{_OUTPUTS}[service principal]",
    ),
    _unmarked(
        "reviewers-token",
        "components/vault/auth/kubernetes.py",
        "return pulumi.Output.secret(token.data.apply(_decode_token))",
        "return token.data.apply(_decode_token)",
        f"{_INPUTS}[auth method]",
    ),
    _unmarked(
        "oidc-clients-secret",
        "components/vault/auth/oidc.py",
        "pulumi.Output.secret(args.client_secret)",
        "args.client_secret",
        f"{_INPUTS}[oidc]",
    ),
    _unmarked(
        "ldap-password",
        "components/vault/auth/ldap.py",
        "pulumi.Output.secret(args.bind_password)",
        "args.bind_password",
        f"{_INPUTS}[ldap]",
    ),
    _unmarked(
        "object",
        "components/vault/engines.py",
        "return pulumi.Output.secret(pulumi.Output.all(**contents)",
        "return pulumi.Output.unsecret(pulumi.Output.all(**contents)",
        f"{_INPUTS}[engine]",
    ),
    _unmarked(
        "users-password",
        "components/vault/auth/userpass.py",
        "password = pulumi.Output.secret(user.password)",
        "password = pulumi.Output.from_input(user.password)",
        f"{_INPUTS}[userpass]",
    ),
    _unmarked(
        "akv2k8s-password",
        "components/kubernetes/akv2k8s.py",
        "pulumi.Output.secret(principal.secret)",
        "principal.secret",
        f"{_INPUTS}[akv2k8s]",
    ),
    _unmarked(
        "service-principals-password",
        "components/azure/identities/existing.py",
        "pulumi.Output.secret(self.client_secret)",
        "self.client_secret",
        f"{_INPUTS}[service principal]",
    ),
    _unmarked(
        "given-value",
        "components/seeds.py",
        "return pulumi.Output.secret(seed)",
        "return pulumi.Output.from_input(seed)",
        f"{_MARKS}::test_a_value_to_write_is_secret_given_or_generated",
    ),
    _unmarked(
        "generated-value",
        "components/seeds.py",
        "return pulumi.Output.secret(made.result)",
        "return made.result",
        f"{_MARKS}::test_a_value_to_write_is_secret_given_or_generated",
    ),
    _unmarked(
        "setting",
        "stacks/settings/seeds.py",
        "return pulumi.Output.secret(value.get_secret_value())",
        "return value.get_secret_value()",
        "tests/stacks/settings/test_root.py::test_a_seed_of_a_stack_is_secret_from_the_start",
    ),
    _unmarked(
        "bootstraps-token",
        "components/vault/bootstrap/component.py",
        "self.token = pulumi.Output.secret(made.token)",
        "self.token = made.token",
        f"{_MARKS}::test_what_bootstrap_gives_back_is_secret",
    ),
    _unmarked(
        "bootstraps-shares",
        "components/vault/bootstrap/component.py",
        "self.shares = pulumi.Output.secret(made.shares)",
        "self.shares = made.shares",
        f"{_MARKS}::test_what_bootstrap_gives_back_is_secret",
    ),
    _unmarked(
        "kubeconfig",
        "components/azure/cluster.py",
        "self.kubeconfig = pulumi.Output.secret(",
        "self.kubeconfig = pulumi.Output.from_input(",
        "tests/components/azure/test_cluster.py::test_a_kubeconfig_is_secret",
    ),
    _unmarked(
        "outputs-of-the-plugin",
        "components/plugin/provider.py",
        "secret = {key: pulumi.Output.secret(outputs[key])",
        "secret = {key: pulumi.Output.unsecret(outputs[key])",
        "tests/components/plugin/test_provider.py::test_an_output_that_is_marked_is_secret_in_every_language",
        _OTHERS,
    ),
    _unmarked(
        "oidc-argument",
        "components/vault/auth/oidc.py",
        "client_secret: Annotated[Input[str], SECRET]",
        "client_secret: Input[str]",
        f"{_SCHEMA}[OidcAuth.clientSecret]",
        _OTHERS,
    ),
    _unmarked(
        "ldap-argument",
        "components/vault/auth/ldap.py",
        "bind_password: Annotated[Input[str] | None, SECRET] = None",
        "bind_password: Input[str] | None = None",
        f"{_SCHEMA}[LdapAuth.bindPassword]",
        _OTHERS,
    ),
    _unmarked(
        "token-attribute",
        "components/vault/bootstrap/component.py",
        "token: Annotated[pulumi.Output[str], SECRET]",
        "token: pulumi.Output[str]",
        f"{_SCHEMA}[VaultBootstrap.token]",
        _OTHERS,
    ),
    _unmarked(
        "shares-attribute",
        "components/vault/bootstrap/component.py",
        "shares: Annotated[pulumi.Output[list[str]], SECRET]",
        "shares: pulumi.Output[list[str]]",
        f"{_SCHEMA}[VaultBootstrap.shares]",
        _OTHERS,
    ),
    _unmarked(
        "user-attribute",
        "components/vault/auth/userpass.py",
        "password: Annotated[Input[str], SECRET]",
        "password: Input[str]",
        f"{_SCHEMA}[User.password]",
        _OTHERS,
    ),
    _unmarked(
        "kubeconfig-attribute",
        "components/azure/cluster.py",
        "kubeconfig: Annotated[pulumi.Output[str], SECRET]",
        "kubeconfig: pulumi.Output[str]",
        f"{_SCHEMA}[AksCluster.kubeconfig]",
        _OTHERS,
    ),
    _unmarked(
        "service-principal-argument",
        "components/azure/identities/existing.py",
        "client_secret: Annotated[Input[str] | None, SECRET] = None",
        "client_secret: Input[str] | None = None",
        f"{_SCHEMA}[ServicePrincipal.clientSecret]",
        _OTHERS,
    ),
    _unmarked(
        "akv2k8s-argument",
        "components/kubernetes/akv2k8s.py",
        "secret: Annotated[Input[str], SECRET]",
        "secret: Input[str]",
        f"{_SCHEMA}[Principal.secret]",
        _OTHERS,
    ),
    _unmarked(
        "generated-argument",
        "components/plugin/catalogue.py",
        " or Generate in _list_alternatives(hint)\n",
        "\n",
        f"{_SCHEMA}[VaultSecret.value]",
        _OTHERS,
    ),
)
"""Those of secrets' marks."""

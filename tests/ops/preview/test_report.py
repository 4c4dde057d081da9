"""What a preview tells of a change."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import EngineEvent
from pulumi.runtime import rpc
from typer.testing import CliRunner

from strongroom.ops.app import app
from strongroom.ops.errors import OpsError
from strongroom.ops.findings import Finding
from strongroom.ops.grants import Grant, describe_grants
from strongroom.ops.preview.events import PreviewEvents, Violation, collect_events
from strongroom.ops.preview.guardrails import find_violations, list_weakened, prepare_pack
from strongroom.ops.preview.impact import IMPACTS
from strongroom.ops.preview.markdown import format_preview
from strongroom.ops.preview.offline import compare
from strongroom.ops.preview.report import AccessChange, Change, Cost, Guardrail, Preview, build_preview
from strongroom.policy.rules import UNKNOWN, Declared

ROOT = Path(__file__).parents[3]
CANARY = "canary-5f0e"
READ_O = 'path "secret/data/o" { capabilities = ["read"] }'
SECRETS_USER = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"
VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"


def declared(kind: str, name: str, /, **properties: Any) -> Declared:
    return Declared(kind, f"urn:pulumi:dev::strongroom::{kind}::{name}", properties)


def role(*policies: str, names: tuple[str, ...] = ("orders",)) -> Declared:
    return declared(
        "vault:kubernetes/authBackendRole:AuthBackendRole",
        "shop/orders",
        roleName="shop.orders",
        boundServiceAccountNames=list(names),
        boundServiceAccountNamespaces=["shop"],
        tokenPolicies=list(policies),
    )


def policy(document: object, name: str = "p") -> Declared:
    return declared("vault:index/policy:Policy", name, name=name, policy=document)


def assignment(name: str, **properties: Any) -> Declared:
    return declared("azure-native:authorization:RoleAssignment", name, **properties)


def federated(name: str, account: str) -> Declared:
    return declared(
        "azure-native:managedidentity:FederatedIdentityCredential",
        name,
        subject=f"system:serviceaccount:{account}",
    )


def test_a_role_grants_what_its_policies_open_to_the_accounts_that_it_admits() -> None:
    document = 'path "secret/data/o" { capabilities = ["read", "update"] }\npath "x" { capabilities = ["deny"] }'

    assert describe_grants([role("p", names=("orders", "checkout")), policy(document), policy(READ_O, "unused")]) == {
        Grant("shop/checkout", "read", "secret/data/o"): "role shop.orders, policy p",
        Grant("shop/checkout", "write", "secret/data/o"): "role shop.orders, policy p",
        Grant("shop/orders", "read", "secret/data/o"): "role shop.orders, policy p",
        Grant("shop/orders", "write", "secret/data/o"): "role shop.orders, policy p",
    }


@pytest.mark.parametrize("policies", [[], [policy(UNKNOWN)]])
def test_a_policy_that_cannot_be_read_is_reported_as_such(policies: list[Declared]) -> None:
    assert list(describe_grants([role("p"), *policies])) == [
        Grant("shop/orders", "read", "whatever the policy p opens")
    ]


def test_a_jwt_role_admits_its_subject() -> None:
    jwt = declared(
        "vault:jwt/authBackendRole:AuthBackendRole",
        "r",
        roleName="r",
        boundSubject="system:serviceaccount:shop:orders",
        tokenPolicies=["p"],
    )

    assert list(describe_grants([jwt, policy(READ_O)])) == [Grant("shop/orders", "read", "secret/data/o")]


@pytest.mark.parametrize("scope", [f"{VAULT}/secrets/db-pass", UNKNOWN])
@pytest.mark.parametrize("definition", [SECRETS_USER, UNKNOWN])
def test_an_assignment_grants_an_object_to_the_account_of_its_identity(scope: object, definition: object) -> None:
    name = "shop/orders/secrets/db-pass/Key Vault Secrets User"
    given = assignment(name, scope=scope, roleDefinitionId=definition, principalId=UNKNOWN)

    assert describe_grants([given, federated("shop/orders", "shop:orders")]) == {
        Grant("shop/orders", "read", "secret db-pass"): "identity shop/orders, Key Vault Secrets User"
    }


def test_an_assignment_at_the_vault_grants_every_secret() -> None:
    given = assignment("x/vault/Key Vault Secrets User", scope=VAULT, roleDefinitionId=SECRETS_USER)
    foreign = assignment("by-hand", scope="/subscriptions/s", roleDefinitionId=SECRETS_USER, principalId="p")

    assert set(describe_grants([given, foreign])) == {
        Grant("identity x", "read", "every secret of kv"),
        Grant("identity principal p", "read", "every secret below /subscriptions/s"),
    }


def test_a_role_that_reads_no_secret_grants_nothing() -> None:
    reader = SECRETS_USER.replace("4633458b-17de-408a-b874-0445c86b69e6", "21090545-7ca7-4776-b22c-e363652d74d2")

    assert describe_grants([assignment("x/vault/Key Vault Reader", scope=VAULT, roleDefinitionId=reader)]) == {}


def test_a_new_account_of_a_shared_identity_gains_what_the_identity_may() -> None:
    given = assignment("shared/secrets/a/Key Vault Secrets User", scope=UNKNOWN, roleDefinitionId=SECRETS_USER)
    accounts = [federated("shop/orders", "shop:orders"), federated("shop/new", "shop:new")]
    listing = declared(
        "azure-native:keyvault:AccessPolicy", "shared", policy={"permissions": {"secrets": ["get", "list", "purge"]}}
    )

    assert [grant.who for grant in describe_grants([given, *accounts])] == ["shop/new", "shop/orders"]
    assert [(grant.who, grant.may) for grant in describe_grants([listing, *accounts[:1]])] == [
        ("shop/orders", "administer"),
        ("shop/orders", "list"),
        ("shop/orders", "read"),
    ]


def event(**content: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **content})


def step(op: str, name: str, kind: str, old: Any = None, new: Any = None, **more: Any) -> EngineEvent:
    urn = f"urn:pulumi:dev::strongroom::{kind}::{name}"
    states = {
        side: {"type": kind, "urn": urn, "inputs": inputs} for side, inputs in (("old", old), ("new", new)) if inputs
    }
    return event(resourcePreEvent={"metadata": {"op": op, "urn": urn, "type": kind, "provider": "", **states, **more}})


def diagnostic(severity: str, message: str) -> EngineEvent:
    return event(diagnosticEvent={"severity": severity, "message": message, "color": "never"})


POD = "kubernetes:apps/v1:Deployment"


def test_steps_become_changes_with_what_is_lost() -> None:
    previewed = collect_events(
        [
            step("same", "strongroom-dev", "pulumi:pulumi:Stack", {"x": 1}, {"x": 1}),
            step("same", "kept", POD, {"a": 1}, {"a": 1}),
            step("create", "made", POD, new={"a": rpc.UNKNOWN}),
            step(
                "update",
                "grown",
                POD,
                {"spec": {"replicas": 1}},
                {"spec": {"replicas": 2}},
                diffs=["spec"],
                detailedDiff={"spec.replicas": {"diffKind": "update", "inputDiff": True}},
            ),
            step("delete-replaced", "moved", "vault:index/mount:Mount", {"path": "a"}),
            step("replace", "moved", "vault:index/mount:Mount", {"path": "a"}, {"path": "b"}, diffs=["path"]),
            step("create-replacement", "moved", "vault:index/mount:Mount", {"path": "a"}, {"path": "b"}),
            step("delete", "gone", "kubernetes:core/v1:Namespace", {"a": 1}),
        ]
    )
    preview = build_preview("dev", previewed)

    assert [(each.operation, each.kind, each.name, each.inputs) for each in preview.changes] == [
        ("replace", "Mount", "moved", ["path"]),
        ("delete", "Namespace", "gone", []),
        ("update", "Deployment", "grown", ["spec.replicas: 1 → 2"]),
        ("create", "Deployment", "made", []),
    ]
    assert preview.unchanged == 1
    assert [(each.operation, each.name, each.final) for each in preview.costs] == [
        ("replace", "moved", True),
        ("delete", "gone", True),
    ]
    assert not preview.refused


def test_a_changed_pod_costs_its_pods_and_changed_replicas_do_not() -> None:
    def costs(path: str) -> int:
        changed = step("update", "d", POD, {"a": 1}, {"a": 2}, diffs=[path])
        return len(build_preview("dev", collect_events([changed])).costs)

    assert costs("spec.template.spec.containers[0].image") == 1
    assert costs("spec.replicas") == 0


def test_what_the_engine_retains_is_not_lost() -> None:
    kind, urn = "kubernetes:core/v1:Namespace", "urn:pulumi:dev::strongroom::kubernetes:core/v1:Namespace::kept"
    old = {"type": kind, "urn": urn, "inputs": {"a": 1}, "retainOnDelete": True}
    metadata = {"op": "delete", "urn": urn, "type": kind, "provider": "", "old": old}
    previewed = collect_events([event(resourcePreEvent={"metadata": metadata})])

    assert previewed.retained == {urn}
    assert build_preview("dev", previewed).costs == []


CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"


def copied_to(name: str, kind: str, namespace: str = "shop") -> Any:
    return {"metadata": {"namespace": namespace}, "spec": {"secretObjects": [{"secretName": name, "type": kind}]}}


@pytest.mark.parametrize(
    ("steps", "stale"),
    [
        ([("update", "front", copied_to("tls", "kubernetes.io/tls"), copied_to("tls", "Opaque"))], 1),
        (
            [
                ("delete", "front", copied_to("tls", "kubernetes.io/tls"), None),
                ("create", "back", None, copied_to("tls", "Opaque")),
            ],
            1,
        ),
        ([("update", "front", copied_to("tls", "kubernetes.io/tls"), copied_to("tls-2", "Opaque"))], 0),
        ([("update", "front", copied_to("tls", "kubernetes.io/tls"), copied_to("tls", "Opaque", "bank"))], 0),
        ([("create", "front", None, copied_to("tls", "Opaque"))], 0),
        ([("update", "front", copied_to("tls", "Opaque"), copied_to("tls", "Opaque"))], 0),
    ],
)
def test_a_secret_that_is_to_get_another_type_needs_another_name(
    steps: list[tuple[str, str, Any, Any]], stale: int
) -> None:
    costs = build_preview(
        "dev", collect_events([step(op, name, CLASS, old, new) for op, name, old, new in steps])
    ).costs

    assert [each.lost for each in costs] == [
        "Secret shop/tls keeps the type kubernetes.io/tls: Kubernetes can't change it to Opaque, and the driver does "
        "not replace it; choose another secretName"
    ] * stale


def test_texts_are_not_reported_save_images() -> None:
    old, new = ({"image": image, "note": CANARY, "list": [{"image": image}]} for image in ("a:1", "a:2"))
    changed = step(
        "update", "d", POD, old, new | {"note": "x"}, diffs=["image", "note", "list[0].image", "list[9].image"]
    )

    assert build_preview("dev", collect_events([changed])).changes[0].inputs == [
        "image: a:1 → a:2",
        "list[0].image: a:1 → a:2",
        "list[9].image",
        "note",
    ]


def test_a_broken_guardrail_is_reported_with_its_reason_and_fix() -> None:
    message = "Vault is reached by TLS, and its certificate is checked.\nvault reaches Vault without TLS.\nWhy: x"
    reported = {
        "message": f"<{{%fg 1%}}>{message}<{{%reset%}}>",
        "color": "never",
        "policyName": "vault-tls",
        "policyPackName": "strongroom",
        "policyPackVersion": "1",
        "policyPackVersionTag": "1",
        "enforcementLevel": "mandatory",
        "resourceUrn": "urn:pulumi:dev::strongroom::pulumi:providers:vault::vault",
    }
    preview = build_preview("dev", collect_events([event(policyEvent=reported), diagnostic("error", "preview failed")]))

    (guardrail,) = preview.guardrails
    assert guardrail.problem == "vault reaches Vault without TLS."
    assert guardrail.reason and guardrail.fix
    assert preview.refused and not preview.errors
    assert "**mandatory** | `vault-tls`" in format_preview(preview)


def test_an_error_is_reported_once_and_nothing_else_is_claimed() -> None:
    previewed = collect_events(
        [
            diagnostic("error", "no such thing"),
            diagnostic("error", "an unhandled error occurred: no such thing"),
            diagnostic("warning", "using pulumi-language-python from $PATH at /x"),
            diagnostic("warning", "mind this"),
        ]
    )
    text = format_preview(build_preview("dev", previewed))

    assert text.count("no such thing") == 1
    assert "mind this" in text and "$PATH" not in text
    assert "Access gained" not in text


def test_names_cannot_break_out_of_the_comment() -> None:
    preview = Preview(
        stack="dev",
        changes=[],
        unchanged=0,
        access=[AccessChange(True, "a|b\n## c", "read", "`x` <img src=y>", "d\\|e\x1b[31m")],
        guardrails=[],
        costs=[],
        warnings=["<script>"],
        errors=[],
        against="x",
    )
    text = format_preview(preview)

    assert "| **gains** | `a`&#124;`b ## c` | read | &#96;`x`&#96;` <img src=y>` | `d\\`&#124;`e\\x1b[31m` |\n" in text
    assert "- `<script>`" in text


HOSTILE = (
    "@octocat",
    "ask @octo-org/admins",
    "[x](https://evil.example)",
    "[x][y]",
    "[x]: /evil",
    "![](https://evil.example/x.png)",
    "https://evil.example",
    "www.evil.example",
    "me@evil.example",
    "octo/repo#1",
    "fixes #1",
    "GH-1",
    "0123456789abcdef",
    ":smile:",
    "<img src=x>",
    "&lt;",
    "*a*",
    "_a_",
    "~a~",
    "# a",
    "- a",
    "1) a",
    "$x$",
    "`` @octocat ``",
    "`@octocat`",
    "a\\`@octocat",
    "a\r@octocat",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_neither_mention_nor_link_nor_show_images(name: str) -> None:
    text = format_preview(
        Preview(
            stack="dev",
            changes=[Change("update", name, name, [name])],
            unchanged=0,
            access=[AccessChange(True, name, name, name, name)],
            guardrails=[Guardrail(name, True, name, name, name, name)],
            costs=[Cost("delete", name, name, name, True)],
            warnings=[name],
            errors=[],
            against="x",
            weakened=[name],
            unread=[name],
            existing=[Finding.failed(name, name, name=name)],
        )
    )

    # What isn't in a code span, of one line and between single backticks, is what GitHub reads.
    read = re.sub(r"`[^`\n]+`", "", text)
    assert "`" not in read
    assert "octo" not in read and "evil" not in read
    assert name not in read


def test_an_error_cannot_end_its_block() -> None:
    text = format_preview(build_preview("dev", collect_events([diagnostic("error", "a\n````\n@octocat \x1b[2J")])))

    assert text.endswith("`````text\na\n````\n@octocat \\x1b[2J\n`````\n")


@pytest.mark.parametrize(
    "text", ["shop/orders", "role shop.orders, policy kubernetes.shop.orders", "gives tokenMaxTtl 172800 seconds."]
)
def test_words_are_not_shown_as_code(text: str) -> None:
    preview = build_preview("dev", PreviewEvents(warnings=[text]))

    assert f"- {text}\n" in format_preview(preview)


def test_a_long_table_is_cut() -> None:
    previewed = PreviewEvents(violations=[Violation("r", "advisory", f"urn::{number}", "m") for number in range(400)])

    text = format_preview(build_preview("dev", previewed))

    assert "… and 250 more." in text
    assert len(text) < 65536


def test_losses_are_of_kinds_that_strongroom_declares() -> None:
    from sandbox.providers import azure_native, vault  # noqa: PLC0415

    served = {*azure_native.KINDS, *vault.KINDS}
    mine = {kind for kind in IMPACTS if kind.startswith("azure-native:")}
    assert mine <= served


def checkout(root: Path, stack: str, change: Any = None) -> Path:
    (root / "stacks").mkdir(parents=True)
    file = root / "stacks" / f"Pulumi.{stack}.yaml"
    shutil.copy("Pulumi.yaml", root)
    shutil.copy(Path("stacks") / file.name, file)
    if change:
        document = yaml.safe_load(file.read_text())
        change(document["config"])
        file.write_text(yaml.safe_dump(document))
    return root


def test_a_value_that_a_removed_workload_leaves_behind_is_reported() -> None:
    kept = declared("vault:kv/secretV2:SecretV2", "vault/o", mount="secret", name="o", dataJson=CANARY)
    idle = declared("vault:kv/secretV2:SecretV2", "vault/idle", mount="secret", name="idle", dataJson=CANARY)
    read = {each.urn: each for each in (kept, idle, role("p"), policy(READ_O))}
    left = {each.urn: each for each in (kept, idle)}

    gone = build_preview("dev", PreviewEvents(before=read, after=left))

    # What nobody read before is no news.
    assert gone.unread == ["secret/data/o"]
    assert "### Secrets that no workload reads any more" in format_preview(
        gone
    ) and "- `secret/data/o`" in format_preview(gone)
    assert build_preview("dev", PreviewEvents(before=left, after=read)).unread == []
    assert build_preview("dev", PreviewEvents(before=read, after=read)).unread == []


def test_settings_are_compared_without_any_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def before(config: Any) -> None:
        config["strongroom:workloads"][0]["secrets"].pop()
        config["strongroom:workloads"][0]["secrets"].append({"name": "old", "object": "old"})
        config["strongroom:seeds"]["old"] = {"secure": CANARY}

    monkeypatch.setenv("KUBECONFIG", "/nonexistent")
    previewed = compare("prod", checkout(tmp_path, "prod", before))
    preview = build_preview("prod", previewed, "main")

    assert [(each.gained, each.who, each.what) for each in preview.access] == [
        (True, "readers of Secrets in shop", "secret db-pass-password"),
        (True, "shop/orders", "secret db-pass-password"),
        (False, "shop/orders", "secret old"),
    ]
    assert not preview.refused
    assert [each.rule for each in preview.guardrails] == ["no-copy-in-etcd"]
    assert {"create", "delete", "update"} == set(preview.counts)
    assert CANARY not in format_preview(preview) + repr(previewed)


def test_a_guardrail_is_tried_offline_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(config: Any) -> None:
        config["strongroom:backend"]["vault"]["purgeProtection"] = False

    monkeypatch.chdir(checkout(tmp_path, "prod", change))
    preview = build_preview("prod", compare("prod", None))

    assert [(each.rule, each.mandatory, each.problem) for each in preview.guardrails] == [
        ("key-vault-purge-protection", True, "vault has no purge protection."),
        ("no-copy-in-etcd", False, "shop/orders copies values to etcd, as the Kubernetes Secret orders-env."),
    ]
    assert preview.refused


def test_levels_hold_offline_too() -> None:
    preview = build_preview("staging", compare("staging", None))

    assert {(each.rule, each.mandatory) for each in preview.guardrails} == {
        ("key-vault-audit", False),
        ("key-vault-network", False),
        ("no-copy-in-etcd", False),
    }


def test_a_vault_stack_needs_no_kubeconfig_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nonexistent")

    assert not compare("dev", None).errors


def test_errors_in_settings_are_reported_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(config: Any) -> None:
        config["strongroom:colour"] = CANARY

    monkeypatch.chdir(checkout(tmp_path, "prod", change))
    preview = build_preview("prod", compare("prod", None))

    assert preview.refused
    assert "strongroom:colour: This key is unknown" in preview.errors[0]
    assert CANARY not in json.dumps(preview.errors)


def test_a_checkout_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"there is no directory .*nowhere: name a checkout"):
        compare("prod", tmp_path / "nowhere")
    with pytest.raises(OpsError, match=r"has no Pulumi\.<stack>\.yaml: name a checkout"):
        compare("prod", tmp_path)


def test_a_stack_that_a_checkout_does_not_have_is_called_new(tmp_path: Path) -> None:
    other = checkout(tmp_path, "dev")
    reported = CliRunner().invoke(
        app, ["preview", "--stack", "prod", "--offline", "--markdown", "--against", str(other)]
    )

    assert "has no stack 'prod': the stack is new" in reported.output
    assert reported.exit_code == 0


def test_what_exists_already_is_refused_and_what_was_not_found_out_is_not() -> None:
    found = [
        Finding.failed("namespace team exists", "add team", name="a"),
        Finding.skipped("policy p: 403", name="b"),
        Finding.ok("c", name="c"),
    ]
    preview = build_preview("dev", PreviewEvents(), existing=found)
    text = format_preview(preview)

    assert preview.refused
    assert "**The update would be refused**: it would create what exists already." in text
    assert "| **refused** | namespace team exists | add team |" in text
    assert "| skipped | policy p: 403 |  |" in text
    assert not build_preview("dev", PreviewEvents(), existing=found[1:]).refused
    assert "Foreign objects" not in format_preview(build_preview("dev", PreviewEvents(), existing=found[2:]))


def test_what_would_go_with_a_namespace_is_refused() -> None:
    preview = build_preview(
        "dev", PreviewEvents(), existing=[Finding.failed("ConfigMap a", "move it", name="namespaces")]
    )

    assert preview.refused
    assert "**The update would be refused**: it would delete foreign objects." in format_preview(preview)


def test_a_stack_that_is_not_there_is_reported() -> None:
    with pytest.raises(OpsError, match="Did you mean 'prod'"):
        compare("prood", None)
    with pytest.raises(OpsError, match="no stack 'nowhere'"):
        compare("nowhere", None)


def test_a_rule_that_advises_does_so_where_no_levels_are(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    (tmp_path / "policy" / "levels" / "dev.json").unlink()
    (tmp_path / "policy" / "rules" / "other.py").touch()

    found = find_violations("dev", list(compare("dev", None).after.values()), tmp_path)

    assert {each.rule: each.level for each in found} == {"no-copy-in-etcd": "advisory"}


@pytest.mark.parametrize("stack", ["dev", "staging", "local", "mine"])
def test_a_project_without_a_pack_is_held_to_everything_unless_it_says_otherwise(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for project in (tmp_path / "base", tmp_path / "mine"):
        project.mkdir()
        (project / "Pulumi.yaml").touch()
    monkeypatch.chdir(tmp_path / "mine")
    latest = Declared(
        "kubernetes:core/v1:Pod", "urn::a", {"spec": {"containers": [{"name": "a", "image": "x:latest"}]}}
    )

    assert {each.level for each in find_violations(stack, [latest])} == {"mandatory"}

    levels = tmp_path / "mine" / "policy" / "levels" / f"{stack}.json"
    levels.parent.mkdir(parents=True)
    levels.write_text('{"all": "advisory"}')
    assert {each.level for each in find_violations(stack, [latest])} == {"advisory"}
    assert {each.level for each in find_violations(stack, [latest], tmp_path / "base")} == {"mandatory"}
    assert "no-latest-image: its level is lowered from mandatory to advisory." in list_weakened(
        stack, tmp_path / "base"
    )


def test_what_weakens_its_own_judge_stands_first(tmp_path: Path) -> None:
    base, rules = tmp_path / "policy", ROOT / "policy"
    shutil.copytree(rules, base)
    (base / "levels" / "dev.json").write_text('{"all": "mandatory"}')
    rule = base / "rules" / "vault.py"
    rule.write_text(rule.read_text() + "# another\n")

    found = list_weakened("dev", tmp_path)
    text = format_preview(build_preview("dev", PreviewEvents(), weakened=found))

    assert "no-latest-image: its level is lowered from mandatory to advisory." in found
    assert "policy/rules/vault.py: this change edits it." in found
    assert text.index("lowered") < text.index("### Guardrails")
    assert list_weakened("dev", None) == list_weakened("dev", ROOT) == []


def test_an_exemption_is_a_change_of_what_judges(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    levels = tmp_path / "policy" / "levels" / "prod.json"
    levels.write_text('{"all": "mandatory", "vault-ttl": {"enforcementLevel": "mandatory", "tokenSeconds": 60}}')

    assert list_weakened("prod", tmp_path) == [
        "no-copy-in-etcd: its level is lowered from mandatory to advisory.",
        'vault-ttl: its options change from {"tokenSeconds": 60} to {}.',
    ]


def test_the_other_checkouts_rules_and_levels_judge(tmp_path: Path) -> None:
    latest = Declared(
        "kubernetes:core/v1:Pod", "urn::latest", {"spec": {"containers": [{"name": "a", "image": "x:latest"}, UNKNOWN]}}
    )

    def level(against: Path | None) -> dict[str, str]:
        return {each.rule: each.level for each in find_violations("dev", [latest], against)}

    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    assert level(None)["no-latest-image"] == level(tmp_path)["no-latest-image"] == "advisory"

    (tmp_path / "policy" / "levels" / "dev.json").unlink()
    rule = tmp_path / "policy" / "rules" / "kubernetes.py"
    rule.write_text(rule.read_text().replace('{"", "latest"}', '{"", "latest", "1.0"}'))
    shutil.copytree(tmp_path / "policy", tmp_path / "other" / "policy")
    assert level(tmp_path / "other")["no-latest-image"] == "mandatory"

    old = Declared("kubernetes:core/v1:Pod", "urn::old", {"spec": {"containers": [{"name": "a", "image": "x:1.0"}]}})
    assert "no-latest-image" in {each.rule for each in find_violations("dev", [old], tmp_path / "other")}
    assert "no-latest-image" not in {each.rule for each in find_violations("dev", [old])}


@pytest.mark.parametrize("runtime", ["python", {"name": "python"}])
def test_a_pack_that_names_no_virtual_environment_is_started_as_it_is(tmp_path: Path, runtime: Any) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "PulumiPolicy.yaml").write_text(yaml.safe_dump({"runtime": runtime}))

    with prepare_pack(tmp_path) as pack:
        assert pack == tmp_path / "policy"


def test_a_rule_that_only_this_checkout_has_judges_too(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    init = tmp_path / "policy" / "rules" / "__init__.py"
    init.write_text(init.read_text().replace("*vault.RULES, ", ""))
    role = Declared("vault:kubernetes/authBackendRole:AuthBackendRole", "urn::r", {})

    assert "vault-ttl" in {each.rule for each in find_violations("prod", [role], tmp_path)}


def test_rules_of_an_earlier_checkout_judge_as_they_are_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    for file in (tmp_path / "policy" / "rules").glob("*.py"):
        file.write_text(re.sub(r"\bsummary\b", "says", file.read_text()))
    latest = Declared(
        "kubernetes:core/v1:Pod", "urn::latest", {"spec": {"containers": [{"name": "a", "image": "x:latest"}]}}
    )

    found = {each.rule: each.message for each in find_violations("dev", [latest], tmp_path)}
    assert found["no-latest-image"].startswith("Every image has a version.\n")


def test_rules_that_can_not_be_loaded_are_an_error(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    (tmp_path / "policy" / "rules" / "__init__.py").write_text("import nothing_of_that_name")

    with pytest.raises(OpsError, match="can't be loaded"):
        find_violations("dev", [], tmp_path)

"""How commands end, and what they show: what a script, or CI, goes by."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from typer.testing import CliRunner

from strongroom.ops.app import app, main
from strongroom.ops.doctor.diagnosis import Diagnosis
from strongroom.ops.findings import Finding
from strongroom.ops.preview.events import PreviewEvents, Violation
from strongroom.ops.recover.run import Recovered
from strongroom.ops.verify import Check

GOOD = Check("shop/orders", "reads a", True, "place")
WRONG = Check("shop/orders", "is refused listing", False, "allowed")
UNTRIED = Check("shop/orders", "is refused writing", None, "needs a key")


def run(*words: str) -> Any:
    return CliRunner().invoke(app, [*words, "--stack", "dev"])


def on_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the stack `dev` deployed and reached."""
    monkeypatch.setattr("strongroom.ops.pulumi.stack.read_stack", lambda _: None)
    monkeypatch.setattr("strongroom.ops.pulumi.state.read_state", lambda _: [])
    monkeypatch.setattr("strongroom.ops.pulumi.port_forward.forward_ports", lambda _: nullcontext())


def verified(monkeypatch: pytest.MonkeyPatch, *checks: Check, options: Sequence[str] = ()) -> Any:
    on_a_stack(monkeypatch)
    monkeypatch.setattr(
        "strongroom.ops.verify.Verifier", lambda *_, **__: type("_", (), {"run": lambda _: [*checks]})()
    )
    return run("verify", *options)


def test_verify_ends_with_1_where_a_check_went_wrong_or_there_was_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verified(monkeypatch, GOOD, UNTRIED).exit_code == 0
    assert verified(monkeypatch, GOOD, WRONG, GOOD).exit_code == 1
    assert verified(monkeypatch).exit_code == 1


@pytest.mark.parametrize(
    ("options", "made"),
    [([], []), (["--from-pods"], [(None, None)]), (["--from-pods", "--debug-image", "busybox"], [(None, "busybox")])],
)
def test_verify_looks_into_pods_if_asked(
    options: list[str], made: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr("strongroom.ops.verify.PodChecks", lambda *given: found.append(given))

    assert verified(monkeypatch, GOOD, options=options).exit_code == 0
    assert found == made


def test_an_image_for_containers_that_are_not_looked_into_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    done = verified(monkeypatch, GOOD, options=["--debug-image", "busybox"])

    assert "--debug-image goes with --from-pods" in f"{done.output}{done.exception}"


def test_a_pods_lines_are_shown_though_they_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Check("shop/orders", "pod orders-0 has its files", True, "db")

    assert "pod orders-0 has its files" in verified(monkeypatch, GOOD, line).output


def test_verify_shows_what_went_wrong_and_counts_only_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = verified(monkeypatch, GOOD, WRONG, UNTRIED, options=["--all"]).output.splitlines()

    def line(text: str) -> str:
        return next(each for each in lines if text in each)

    assert "ok" in line("reads a")
    assert "FAILED" in line("is refused listing") and "allowed" in line("is refused listing")
    assert "skipped" in line("is refused writing")
    assert lines[-1] == "1 of 2 checks went as they must, 1 did not"


def test_lines_that_pass_are_folded_and_no_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    output = verified(monkeypatch, GOOD, GOOD, WRONG, UNTRIED).output

    assert "2 checks" in output
    assert "is refused listing" in output and "is refused writing" in output
    assert output.splitlines()[-1] == "2 of 3 checks went as they must, 1 did not"


@pytest.mark.parametrize(
    ("previewed", "code"),
    [
        (PreviewEvents(), 0),
        (PreviewEvents(violations=[Violation("no-latest-image", "advisory", "urn", "latest")]), 0),
        (PreviewEvents(violations=[Violation("vault-ttl", "mandatory", "urn", "too long")]), 1),
        (PreviewEvents(errors=["no such thing"]), 1),
    ],
)
def test_preview_ends_with_1_where_the_update_would_be_refused(
    monkeypatch: pytest.MonkeyPatch, previewed: PreviewEvents, code: int
) -> None:
    monkeypatch.setattr("strongroom.ops.pulumi.engine.observe", lambda *_: previewed)

    assert run("preview", "--markdown").exit_code == code


def checked(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> Any:
    on_a_stack(monkeypatch)
    monkeypatch.setattr("strongroom.ops.check.run.check_stack", lambda *_: [*findings])
    return run("check")


def test_check_ends_with_1_where_something_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = checked(monkeypatch, Finding.ok("fine"), Finding.warning("soon", "renew it"), Finding.skipped("not asked"))
    assert (fine.exit_code, fine.output.splitlines()[-1]) == (0, "Nothing failed, 1 skipped")
    assert checked(monkeypatch, Finding.ok("fine"), Finding.failed("gone", "mend it")).exit_code == 1


def diagnosed(monkeypatch: pytest.MonkeyPatch, checks: Iterable[Finding]) -> Any:
    on_a_stack(monkeypatch)
    monkeypatch.setattr("strongroom.ops.doctor.diagnosis.find_workload", lambda *_: None)
    monkeypatch.setattr("strongroom.ops.doctor.diagnosis.diagnose", lambda *_: Diagnosis("shop/orders", [*checks], []))
    return run("doctor", "--workload", "orders")


def test_doctor_ends_with_1_if_a_check_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        diagnosed(monkeypatch, [Finding.ok("fine", name="driver"), Finding.skipped("no", name="role")]).exit_code == 0
    )
    reported = diagnosed(
        monkeypatch, [Finding.ok("fine", name="driver"), Finding.failed("gone", "mend it", name="role")]
    )
    assert (reported.exit_code, reported.output.splitlines()[-1]) == (1, "Failed checks: role")


def test_an_error_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["ops", "doctor"])
    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("error: Say which --stack and --workload")


@pytest.mark.parametrize(("options", "adopt"), [([], None), (["--adopt"], True), (["--leave"], False)])
def test_recover_names_what_is_somebody_elses_and_hands_on_the_users_choice(
    monkeypatch: pytest.MonkeyPatch, options: Sequence[str], adopt: bool | None
) -> None:
    chosen: list[bool | None] = []

    def recover(_stack: str, _say: Any, *, adopt: bool | None) -> Recovered:
        chosen.append(adopt)
        return Recovered(left={"urn:pulumi:dev::p::a$kubernetes:core/v1:Namespace::shop": "made by [red]\x1bkubectl"})

    monkeypatch.setattr("strongroom.ops.recover.run.recover", recover)
    output = run("recover", *options).output

    assert chosen == [adopt]
    assert "kubernetes:core/v1:Namespace shop" in output
    assert "not this stack's: made by [red]\\x1bkubectl" in output

"""Mutants of the workflows."""

from ..mutant import Mutant

_TESTS = "tests/github/test_workflows.py"
_SUPPLY = "tests/github/test_supply_chain.py"
_RIGHTS = f"{_TESTS}::test_a_workflow_has_no_right_that_its_jobs_do_not_ask_for"
_CANCEL = f"{_TESTS}::test_a_deployment_is_never_cancelled_midway_and_two_never_meet"
_HELD = f"{_TESTS}::test_a_deployment_is_held_to_the_rules_and_proved_in_its_environment"


def _in(workflow: str, id_: str, before: str, after: str, breaks: str, test: str) -> Mutant:
    return Mutant(f"workflow-{id_}", f"template/.github/workflows/{workflow}.yml", before, after, breaks, test)


WORKFLOWS = (
    _in(
        "deploy",
        "cancels-a-deployment",
        "cancel-in-progress: false",
        "cancel-in-progress: true",
        "A push in the middle of a deployment leaves a stack half updated.",
        _CANCEL,
    ),
    _in(
        "stack",
        "cancels-a-stacks-update",
        "cancel-in-progress: false",
        "cancel-in-progress: true",
        "Another operation in the middle of an update leaves the stack half updated.",
        _CANCEL,
    ),
    _in(
        "stack",
        "updates-a-stack-twice-at-once",
        "inputs.operation == 'deploy' && 'stack' ||",
        "inputs.operation == 'deploy' && github.run_id ||",
        "Two runs update one stack at once, and one of them fails at its lock.",
        _CANCEL,
    ),
    _in(
        "deploy",
        "deploys-twice-at-once",
        "group: deploy\n",
        "group: deploy-${{ github.sha }}\n",
        "An older commit may be deployed after a newer one.",
        _CANCEL,
    ),
    _in(
        "preview",
        "has-every-right",
        "permissions: {}\n",
        "permissions: write-all\n",
        "Whatever a job's code does, it may write to the repository.",
        _RIGHTS,
    ),
    _in(
        "stack",
        "writes-the-repository",
        "contents: read\n      id-token: write #",
        "contents: write\n      id-token: write #",
        "A job with a pull request's code may push to the repository.",
        _RIGHTS,
    ),
    _in(
        "preview",
        "gives-forks-its-credentials",
        "  pull_request:\n",
        "  pull_request_target:\n",
        "A fork's code runs with the repository's rights.",
        _RIGHTS,
    ),
    _in(
        "preview",
        "gives-forks-an-identity",
        "    permissions:\n      contents: read\n    env:",
        "    permissions:\n      contents: read\n      id-token: write\n    env:",
        "A fork's code logs in to Azure and to Vault.",
        f"{_TESTS}::test_the_job_with_a_forks_code_has_no_identity",
    ),
    _in(
        "preview",
        "takes-forks-for-its-own",
        "    if: github.event.pull_request.head.repo.full_name == github.repository &&",
        "    if: github.event.pull_request.base.repo.full_name == github.repository &&",
        "A fork's code runs in the job that has an identity.",
        f"{_TESTS}::test_the_job_with_a_forks_code_has_no_identity",
    ),
    _in(
        "stack",
        "takes-any-version-of-an-action",
        "Azure/login@f5d393ae46f8fde4be8b75f32e3fc50e654ad0ca # v3.0.1",
        "Azure/login@v3",
        "The one who moves the action's tag gets the job's identity.",
        f"{_TESTS}::test_every_action_is_pinned_to_a_commit",
    ),
    _in(
        "comment",
        "keeps-its-token-on-disk",
        "persist-credentials: false",
        "persist-credentials: true",
        "Every later step finds a token that writes comments.",
        f"{_TESTS}::test_nothing_stored_is_used_and_nothing_foreign_is_put_into_a_script",
    ),
    _in(
        "stack",
        "puts-a-name-into-a-script",
        '--policy-pack-config "policy/levels/$STACK.json"',
        '--policy-pack-config "policy/levels/${{ inputs.stack }}.json"',
        "A stack's name becomes a part of a script.",
        f"{_TESTS}::test_nothing_stored_is_used_and_nothing_foreign_is_put_into_a_script",
    ),
    _in(
        "stack",
        "deploys-without-rules",
        ' --policy-pack policy --policy-pack-config "policy/levels/$STACK.json"',
        "",
        "No rule stops a deployment.",
        _HELD,
    ),
    _in(
        "stack",
        "deploys-without-approval",
        "    environment: ${{ inputs.environment }}\n",
        "",
        "Production is deployed without the approval that its environment asks for.",
        _HELD,
    ),
    _in(
        "stack",
        "swallows-a-red-proof",
        "        if: inputs.operation == 'deploy'\n        shell: bash\n",
        "        if: inputs.operation == 'deploy'\n",
        "GitHub's default shell takes the exit code of `tee`, and a workload that reads too much goes unnoticed.",
        f"{_TESTS}::test_a_command_that_is_piped_can_still_fail",
    ),
    _in(
        "stack",
        "proves-nothing",
        "strongroom verify",
        "strongroom access",
        "A deployment ends without the proof of who can read what.",
        _HELD,
    ),
    _in(
        "deploy",
        "deploys-staging-beside-dev",
        "    needs: dev\n",
        "",
        "What breaks dev reaches staging all the same.",
        f"{_TESTS}::test_the_workflows_know_every_stack_and_pulumis_version",
    ),
    _in(
        "comment",
        "comments-on-any-run",
        "    if: github.event.workflow_run.event == 'pull_request'\n",
        "",
        "A run that somebody starts by hand writes comments.",
        f"{_TESTS}::test_comments_are_written_for_pull_requests_alone",
    ),
    _in(
        "preview",
        "gives-every-branch-an-identity",
        " && vars.ONLINE_PREVIEWS == 'true'",
        "",
        "The one who may push a branch decrypts and writes production's state.",
        f"{_TESTS}::test_a_pushed_branch_gets_an_identity_only_where_the_repository_says_so",
    ),
    Mutant(
        "workflow-takes-any-file-for-a-preview",
        "template/.github/comment.sh",
        '!= "$marker" ]]',
        "== none ]]",
        "A pull request has the repository's bot say whatever it wants.",
        f"{_TESTS}::test_what_is_no_preview_is_omitted",
    ),
    Mutant(
        "workflow-installs-an-unchecked-pulumi",
        "template/.github/actions/prepare/action.yml",
        '        echo "$checksum  $archive" | sha256sum --check --strict\n',
        "",
        "The one who changes the download runs in the job that deploys, with its identity.",
        f"{_SUPPLY}::test_pulumi_with_another_checksum_or_none_is_not_installed[another]",
    ),
    Mutant(
        "workflow-asks-for-a-token-of-anything",
        "template/.github/kubeconfig.py",
        "if server_id is None or server_id[1] != _SERVER:",
        "if server_id is None:",
        "A kubeconfig chooses for which service the job's identity gets a token.",
        f"{_SUPPLY}::test_a_kubeconfig_can_not_ask_for_a_token_of_something_else",
    ),
    Mutant(
        "workflow-renders-what-a-fork-wrote",
        "template/.github/comment.sh",
        " | sed 's/^/    /'",
        "",
        "A fork's artifact mentions people and shows images in the bot's comment.",
        f"{_TESTS}::test_the_comment_of_a_fork_is_marked_and_nothing_in_it_is_more_than_text",
    ),
    Mutant(
        "workflow-comments-on-another-pull-request",
        "template/.github/comment.sh",
        "and .head.sha == env.COMMIT ",
        "",
        "A fork's run comments on a pull request that has its commit somewhere below.",
        f"{_TESTS}::test_a_commit_that_ends_no_open_pull_request_gets_no_comment",
    ),
)
"""Those of the workflows."""

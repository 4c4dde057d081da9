"""What servers say is shown as they say it."""

import pytest

from ops.commands.findings import show_findings
from ops.commands.verify import show
from ops.findings import broken
from ops.verify import Check

SAID = r"c:\[x] [/v1/sys] :key: [1]"


def test_brackets_and_colons_of_a_server_are_not_taken_for_a_style(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings("A stack", "Link", [broken(SAID, SAID, name="store")])
    show("dev", [Check("shop/orders", "logs in", False, SAID)])

    assert capsys.readouterr().out.count(SAID) == 3

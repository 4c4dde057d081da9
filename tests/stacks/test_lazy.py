"""A stack loads what it uses."""

import subprocess
import sys


def test_a_stack_that_installs_nothing_loads_no_chart_no_schema_and_no_client() -> None:
    program = (
        "import sys, strongroom.stacks.settings.root, strongroom.stacks.provision.program\n"
        "import strongroom.stacks.provision.vault\n"
        "import strongroom.components.azure.access_gate\n"
        "heavy = ['jsonschema', 'kubernetes', 'requests', 'hvac', 'pulumi_azure_native']\n"
        "heavy += ['pulumi_kubernetes.helm.v3.Release', 'azure.core']\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_key_vault_loads_nothing_of_event_grid_before_it_sends_events() -> None:
    program = (
        "import sys, strongroom.components.azure.key_vault\n"
        "print('pulumi_azure_native.eventgrid._inputs' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"

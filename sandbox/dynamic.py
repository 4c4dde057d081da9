"""Serves dynamic resources: `python -m sandbox.dynamic` is the SDK's own host, which ends with its engine."""

import runpy

from .parent import end_with_parent
from .scratch import use_scratch

if __name__ == "__main__":
    end_with_parent()
    use_scratch()
    runpy.run_module("pulumi.dynamic", run_name="__main__")

"""The policy pack of Strongroom, at the levels in `levels/`; rules of your own can follow."""

import runpy
import sys
from pathlib import Path

import strongroom.policy

pack = Path(strongroom.policy.__file__).parent
sys.path.insert(0, str(pack))
runpy.run_path(str(pack / "__main__.py"))

"""Makes the fixtures beside the tests importable under importlib mode."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("pgb_beleid", Path(__file__).with_name("beleid.py"))
_module = importlib.util.module_from_spec(_spec)
sys.modules["pgb_beleid"] = _module
_spec.loader.exec_module(_module)

"""Makes the fixtures beside the tests importable under importlib mode."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("beschikking_wereld", Path(__file__).with_name("wereld.py"))
_module = importlib.util.module_from_spec(_spec)
sys.modules["beschikking_wereld"] = _module
_spec.loader.exec_module(_module)

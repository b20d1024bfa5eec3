"""Tests. They start hundreds of processes of the program: bytecode is kept, or each would compile it anew."""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

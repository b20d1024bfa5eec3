"""All tests: side by side, and the few that failed so once more, alone.

python -m tests.run [what pytest takes]

The tests share two cores with four others, real calls among them, and now and then a machine stands still. So when no
more than `MOST` tests failed, each of them is run again with nothing beside it. One that passes then is named at the
end; one that fails again fails the run, as does everything else: more failures, a crash, a file that cannot be read.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MOST = 3
FAILED = Path(".pytest_cache/v/cache/lastfailed")
"""Where pytest keeps the names of what failed."""


def tests(*arguments: str) -> int:
    """Run pytest; return how it ended."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def main() -> int:
    """Run all; return the exit code."""
    FAILED.unlink(missing_ok=True)
    code = tests(*sys.argv[1:])
    if code != pytest.ExitCode.TESTS_FAILED or not FAILED.exists():
        return code
    names = list(json.loads(FAILED.read_text(encoding="utf-8")))
    if len(names) > MOST or not all("::" in name for name in names):
        return code
    print(f"\n{len(names)} failed beside others: once more, alone\n", flush=True)  # noqa: T201  this is what it is for
    if any(tests("--numprocesses", "0", name) for name in names):
        return code
    print("\nFAILED UNDER LOAD, PASSED ALONE:", *names, sep="\n  ")  # noqa: T201  as above
    return 0


if __name__ == "__main__":
    sys.exit(main())

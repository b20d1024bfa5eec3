"""What every worker of the tests needs, made once: Asterisk, what the lines of the examples say, and bytecode.

python -m tests.ready

Nothing fails for want of it: whoever finds it missing makes it. But then five workers do so at once.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import asterisk_conf
from contesta.lines import examine_files
from contesta.settings import Settings
from ivr import sounds
from telephony import asterisk
from tests.line_stage import EXAMPLES


def main() -> None:
    """Make all of it."""
    cache = Settings().cache_dir
    if asterisk.find(cache) is None:
        asterisk.provision(cache, Path(asterisk_conf.__file__).parent / "provision.sh", lambda _: None)
    examples = examine_files(sorted(EXAMPLES.glob("*.yaml")))
    with tempfile.TemporaryDirectory() as folder:
        sounds.build([each.line for each in examples if each.line], Path(folder), cache=cache / "voz")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-qq", "--collect-only", "--numprocesses", "0"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()

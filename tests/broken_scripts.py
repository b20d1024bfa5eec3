"""A server of call scripts, run as a program, whose scripts raise and hang in turn."""

import itertools
import sys
import time

from ivr.server import Server
from telephony.agi import Channel

_turn = itertools.count()


def entrada(channel: Channel) -> None:
    """Do what no script should."""
    match next(_turn) % 3:
        case 0:
            raise RuntimeError("a fault in the script")
        case 1:
            time.sleep(3600)  # hangs before its first command
        case _:
            channel.verbose("one command, then silence")
            time.sleep(3600)  # hangs after it


if __name__ == "__main__":
    Server("127.0.0.1", int(sys.argv[1]), {"entrada": entrada}, max_calls=8).serve_forever()

"""A small SIP telephone: the scripted callers and advisers of contesta call, demo and the tests.

Written here because no library fits: pjsua2 and sipsimple have no wheels for this Python, pyVoIP cannot cancel
and runs threads for each call, and aiosipua, the closest, sends every request over UDP only once and never
acknowledges a refusal, so that a lost datagram or a busy adviser hangs a call.

    async with Phone(Account(user="demo1", secret="..."), ("127.0.0.1", 5060), on_call=adviser) as phone:
        await phone.register()
        call = await phone.dial("018000910123", from_number="3001234567")
        await call.wait_answered()
        await call.digits("1")
        await call.wait_ended()

For loopback and tests: one network, no proxies, IPv4, mu-law or A-law, no RTCP.
"""

from .call import Call, CallRefusedError, State
from .digest import Account
from .phone import Phone
from .sdp import Law

__all__ = ["Account", "Call", "CallRefusedError", "Law", "Phone", "State"]

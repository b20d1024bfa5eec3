"""SIPp scenarios put together from what a caller does, step by step. [field0] is the caller's number, [field1] dialled.

Each step is a piece of XML. A caller cannot hear: where it has to wait for something that only the test knows
(the line took the key, the conversation began) the test gives a cue, a request that SIPp takes and nobody answers. A
caller that obeys does nothing without one.
"""

from enum import StrEnum


class Cue(StrEnum):
    """What a caller can be told, as the method of a request."""

    GO_ON = "INFO"
    AGAIN = "MESSAGE"  # the key before
    PRESS = "PRESS"  # the key in its header Key
    SPEAK = "SPEAK"  # for a while; silent audio follows
    BE_SILENT = "KEEPSILENT"  # as a telephone is that sends all the same
    HANG_UP = "HANGUP"


MOST_TIMES = 9
SOUNDS = [f"{cue}{times}" for cue in (Cue.SPEAK, Cue.BE_SILENT) for times in range(MOST_TIMES)]
"""Captures of the runner's that SIPp plays, each once in a call: Asterisk does not hear a clock that goes backwards."""


KEY_SECONDS = 0.98  # SIPp's key: 0.78 s of packets that mean nothing, then 0.2 s of the digit

_REQUEST = """<send {attributes}><![CDATA[

{method} sip:[field1]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[field1]@[remote_ip]:[remote_port]>{to_tag}
Call-ID: [call_id]
CSeq: {sequence} {method}
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
{body}
]]></send>"""

_OFFER = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [{port}] RTP/AVP 0 96
a=rtpmap:0 PCMU/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-15
"""

_EMPTY = "Content-Length: 0\n"

_OK = """<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"""


def _request(method: str, sequence: int, *, body: str = _EMPTY, in_dialog: bool = True, repeated: bool = True) -> str:
    return _REQUEST.format(
        method=method,
        sequence=sequence,
        body=body,
        to_tag="[peer_tag_param]" if in_dialog else "",
        attributes='retrans="500"' if repeated else "",
    )


def note(event: str) -> str:
    """Write down that something happened, and when."""
    return f'<nop><action><log message="[field0] {event} [timestamp]"/></action></nop>'


def dial(media_port: str = "media_port") -> str:
    """Call, and wait for the answer. `media_port` is SIPp's word for the port that the caller's audio comes from."""
    offer = _OFFER.format(port=media_port)
    provisional = "".join(f'<recv response="{status}" optional="true"/>' for status in (100, 180, 183))
    return "\n".join(
        [
            note("dialled"),
            _request("INVITE", 1, body=offer, in_dialog=False),
            provisional,
            '<recv response="200"/>',
            _request("ACK", 1, repeated=False),
            note("answered"),
        ]
    )


def pause(seconds: float) -> str:
    """Let time pass."""
    return f'<pause milliseconds="{round(seconds * 1000)}"/>'


def press(key: str) -> str:
    """Press one key (RFC 4733), and write it down when it is released."""
    return f'<nop><action><exec play_dtmf="{key}"/></action></nop>\n{pause(KEY_SECONDS)}\n{note(f"pressed-{key}")}'


def press_until_cued(key: str) -> str:
    """Press a key, and wait until the test says to go on, or to press it once more."""
    return f'<label id="1"/>\n{press(key)}\n<recv request="{Cue.AGAIN}" optional="true" next="1"/>\n{cue()}'


def be_silent() -> str:
    """Send audio without any sound in it, for as long as the call lasts; the file is the runner's."""
    return '<nop><action><exec rtp_stream="silence.ulaw,-1,0"/></action></nop>'


def cue() -> str:
    """Wait until the test says so."""
    return f'<recv request="{Cue.GO_ON}"/>\n{note("cued")}'


_KEY = '<ereg regexp="[0-9*#]" search_in="hdr" header="Key:" assign_to="key"/>'


def obey() -> str:
    """Do what cues say, one after the other, until either side hangs up; cues may come at any time."""
    return "\n".join(
        [
            '<label id="1"/>',
            '<recv request="BYE" optional="true" next="3"/>',
            f'<recv request="{Cue.HANG_UP}" optional="true" next="2"/>',
            *(f'<recv request="{sound}" optional="true" next="1{order}"/>' for order, sound in enumerate(SOUNDS)),
            f'<recv request="{Cue.PRESS}"><action>{_KEY}</action></recv>',
            '<nop next="1"><action><exec play_dtmf="[$key],80"/></action></nop>',
            *(
                f'<label id="1{order}"/>\n<nop next="1"><action><exec play_pcap_audio="{sound}"/></action></nop>'
                for order, sound in enumerate(SOUNDS)
            ),
            f'<label id="2"/>\n{hang_up()}\n<nop next="4"/>',
            f'<label id="3"/>\n{note("was-hung-up")}\n{_OK}',
            f'<label id="4"/>\n{note("over")}',
        ]
    )


def hang_up() -> str:
    """End the call."""
    return f'{note("hung-up")}\n{_request("BYE", 2)}\n<recv response="200"/>'


def be_hung_up() -> str:
    """Wait for the line to end the call."""
    return f'<recv request="BYE"/>\n{note("was-hung-up")}\n{_OK}'


def scenario(*steps: str) -> str:
    """Return the whole scenario."""
    body = "\n".join(steps)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="caller">\n{body}\n</scenario>\n'

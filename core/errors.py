"""The errors of Contesta.

ContestaError            the root; its message is meant for a person
├── ConfigurationError   a setting or a file somebody wrote: names the file, the key and the mend
├── NotAvailableError    something outside is missing or does not answer: says what and how to get it
├── ProtocolError        a peer broke its protocol: what was expected, what came
└── CallEndedError       the caller hung up; caught once per call
"""


class ContestaError(Exception):
    """Root of all errors raised on purpose."""


class ConfigurationError(ContestaError):
    """A setting or a configuration file is wrong. The message names file, key and mend."""


class NotAvailableError(ContestaError):
    """Something outside is missing or does not answer. The message says what and how to get it."""


class ProtocolError(ContestaError):
    """A peer sent what its protocol does not allow."""


class CallEndedError(ContestaError):
    """The call is over: the caller hung up, or the telephone system closed the channel."""

"""What went wrong on the way, as a reason: never an exception's own text where that could hold an address."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

from bridge.dispatch.http.exchange import Phase
from bridge.dispatch.http.http1 import BadAnswerError
from bridge.model import EOF, LOST, RESET, TIMEOUT
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import GeneralCode, Reason

KNOWN: Final = {
    errno.ECONNREFUSED: CallCode.CONNECTION_REFUSED,
    errno.EHOSTUNREACH: CallCode.NO_ROUTE,
    errno.ENETUNREACH: CallCode.UNREACHABLE,
}
LATE: Final = {
    Phase.RESOLVING: CallCode.NOT_RESOLVED,
    Phase.CONNECTING: CallCode.NOT_CONNECTED,
    Phase.TLS: CallCode.NO_TLS,
    Phase.SENDING: CallCode.NOT_TAKEN,
    Phase.WAITING: CallCode.NO_ANSWER,
    Phase.READING: CallCode.ENDLESS,
}
"""What was not done in time in each phase that waits for the network."""


class NoAddressError(OSError):
    """A name was found, and has no address."""


def fault_of(fault: Exception, phase: Phase, seconds: float) -> Reason:
    """What went wrong in a phase of a request that has `seconds` in all."""
    match fault:
        case BadAnswerError():
            return fault.fault
        case TimeoutError():
            return Reason(LATE[phase], seconds=f"{seconds:g}")
        case ssl.SSLError():
            return tls_fault(fault)
        case socket.gaierror() | UnicodeError():
            return Reason(CallCode.NO_SUCH_NAME)
        case ValueError():
            return Reason(CallCode.BAD_URL)
        case ConnectionResetError() | BrokenPipeError():
            return Reason(CallCode.RESET)
        case NoAddressError():
            return Reason(CallCode.NO_ADDRESS)
        case OSError(errno=int(number), strerror=str(text)):
            return (
                Reason(KNOWN[number]) if number in KNOWN else Reason(GeneralCode.VERBATIM, text=text.lower())
            )
    return Reason(CallCode.CONNECTION_FAILED)


def tls_fault(fault: ssl.SSLError) -> Reason:
    """What went wrong with TLS."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return Reason(GeneralCode.VERBATIM, text=fault.verify_message)
    if isinstance(fault, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Reason(CallCode.CLOSED)
    detail = (fault.reason or "").lower().replace("_", " ")
    return Reason(CallCode.TLS_FAILED, detail=detail or Reason(CallCode.UNKNOWN))


def cause_of(fault: Exception) -> str:
    """The fault as one of `model.CAUSES`."""
    match fault:
        case BadAnswerError():
            return fault.cause
        case TimeoutError():
            return TIMEOUT
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return EOF
        case ConnectionResetError() | BrokenPipeError():
            return RESET
    return LOST

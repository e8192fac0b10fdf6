"""Why a call is in its state, and what an attempt or a probe showed."""

from __future__ import annotations

from bridge.reasons.reason import Code


class CallCode(Code):
    """Why a call is in its state, and what an attempt or a probe showed."""

    # Why a call is in its state.
    SHADOW = "call.shadow"
    EXPIRED = "call.expired"
    TOO_LATE = "call.too_late"
    TRIES = "call.tries"
    LAPSED = "call.lapsed"
    HUNG = "call.hung"
    RESENT_ITSELF = "call.resent_itself"

    # Why a call was cancelled because of its errand or due time.
    CANCELLED_BY_EVENT = "call.cancelled_by_event"
    CANCELLED_BEFORE = "call.cancelled_before"
    REPLACED = "call.replaced"
    WAITS_ALREADY = "call.waits_already"
    SKIPPED = "call.skipped"
    RAN_BEFORE = "call.ran_before"
    """Appended to a reason: an earlier attempt may have run."""

    # Decisions about a call.
    CANCELLED = "call.cancelled"
    RESOLVED_AS_DONE = "call.resolved_as_done"
    RESOLVED_AS_CANCELLED = "call.resolved_as_cancelled"
    RESENT = "call.resent"
    SENT_NOW = "call.sent_now"
    BRIDGE = "call.bridge"
    BY_POLICY = "call.by_policy"
    RENEWED = "call.renewed"
    ADDED = "call.added"
    """Appended to a reason: a person's text, or the message of an answer."""

    # Why an account is paused because of several answers.
    PAGES_IN_A_ROW = "call.pages_in_a_row"
    DENIED_IN_A_ROW = "call.denied_in_a_row"

    # What an answer shows.
    ANSWERED = "call.answered"
    ANSWERED_MEANING = "call.answered_meaning"
    RAN = "call.ran"
    UNMET = "call.unmet"
    BY_WORDS = "call.by_words"
    COMPLAINT = "call.complaint"
    UNSUBSCRIBED = "call.unsubscribed"
    BLOCKED = "call.blocked"

    # What an answer's status means.
    UNAUTHENTICATED = "call.unauthenticated"
    UNPAID = "call.unpaid"
    ACCESS_DENIED = "call.access_denied"
    NOT_FOUND = "call.not_found"
    GONE = "call.gone"
    GAVE_UP = "call.gave_up"
    WRONG_SERVER = "call.wrong_server"
    TOO_EARLY = "call.too_early"
    TOO_MANY = "call.too_many"
    UNAVAILABLE = "call.unavailable"
    CONFLICT = "call.conflict"
    TOO_LARGE = "call.too_large"
    URL_REFUSED = "call.url_refused"
    BAD_PARAMETER = "call.bad_parameter"
    HEAD_REFUSED = "call.head_refused"
    NO_SUCH_METHOD = "call.no_such_method"
    HTTP_VERSION = "call.http_version"
    REDIRECT = "call.redirect"
    NOT_ACCEPTED = "call.not_accepted"
    FAILED = "call.failed"

    # What an answer contains, if it is not a message.
    HTML_PAGE = "call.html_page"
    HTML_PAGE_TITLED = "call.html_page_titled"
    UNREADABLE_CONTENT = "call.unreadable_content"
    ANSWER_IS = "call.answer_is"
    KEY_IS = "call.key_is"
    KEY_IS_FILLED = "call.key_is_filled"

    # Why a call may have run.
    MAY_HAVE_RUN = "call.may_have_run"
    PROBABLY_DONE = "call.probably_done"
    ALL_SENT_THEN = "call.all_sent_then"
    ANSWERED_BUT = "call.answered_but"
    NOT_THE_JSON = "call.not_the_json"
    INSTEAD = "call.instead"
    LONG_TEXT = "call.long_text"
    UNREADABLE = "call.unreadable"
    BROKEN_JSON = "call.broken_json"
    TOO_LONG = "call.too_long"
    INTERNAL = "call.internal"

    # Why a call did not run.
    UNSENT = "call.unsent"
    PARTLY_SENT = "call.partly_sent"
    BAD_CERTIFICATE = "call.bad_certificate"
    UNSENDABLE = "call.unsendable"
    STOOD_STILL = "call.stood_still"
    UNCONFIRMED = "call.unconfirmed"

    # Why no request can carry a call.
    HALF_A_PAIR = "call.half_a_pair"
    URL_TOO_LONG = "call.url_too_long"
    SHORTEN = "call.shorten"

    # Network errors.
    NOT_RESOLVED = "call.not_resolved"
    NOT_CONNECTED = "call.not_connected"
    NO_TLS = "call.no_tls"
    NOT_TAKEN = "call.not_taken"
    NO_ANSWER = "call.no_answer"
    ENDLESS = "call.endless"
    NO_SUCH_NAME = "call.no_such_name"
    NO_ADDRESS = "call.no_address"
    BAD_URL = "call.bad_url"
    CONNECTION_REFUSED = "call.connection_refused"
    NO_ROUTE = "call.no_route"
    UNREACHABLE = "call.unreachable"
    CLOSED = "call.closed"
    UNANSWERED = "call.unanswered"
    RESET = "call.reset"
    CONNECTION_FAILED = "call.connection_failed"
    TLS_FAILED = "call.tls_failed"
    UNKNOWN = "call.unknown"
    ONLY_INTERIM = "call.only_interim"
    OTHER_PROTOCOL = "call.other_protocol"
    NOT_HTTP = "call.not_http"
    CUT_HEAD = "call.cut_head"
    CUT = "call.cut"
    LONG_HEAD = "call.long_head"
    HEAD_GARBLED = "call.head_garbled"
    LENGTH_GARBLED = "call.length_garbled"
    CHUNKS_GARBLED = "call.chunks_garbled"

    # What else a probe finds.
    CONNECTED = "call.connected"

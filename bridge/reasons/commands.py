"""Output of commands: what was done or would be done."""

from __future__ import annotations

from bridge.reasons.reason import Code


class CommandCode(Code):
    """Output of commands: what was done or would be done."""

    # Counted.
    EVENTS = "command.events"
    CALLS = "command.calls"

    # Lists.
    OLDER = "command.older"
    NO_EVENT_FITS = "command.no_event_fits"
    NO_CALL_FITS = "command.no_call_fits"
    NO_REPEAT_FITS = "command.no_repeat_fits"
    NO_REFUSAL_FITS = "command.no_refusal_fits"
    NEXT_TRY = "command.next_try"

    # Questions before a change of many.
    GO_ON = "command.go_on"
    WOULD_REPLAY_CURRENT = "command.would_replay_current"
    WOULD_REPLAY_ORIGINAL = "command.would_replay_original"
    WOULD_SETTLE_DONE = "command.would_settle_done"
    WOULD_RESEND = "command.would_resend"
    WOULD_CANCEL = "command.would_cancel"
    WOULD_SEND_NOW = "command.would_send_now"

    # Replay: what became of an event.
    REPLAY_LINE = "command.replay_line"
    REPLAY_PARTS = "command.replay_parts"
    READ_AS = "command.read_as"
    READ_WITHOUT_TYPE = "command.read_without_type"
    STARTS_BOT = "command.starts_bot"
    STARTS_AGAIN = "command.starts_again"
    WHEN_OF_START = "command.when_of_start"
    CANCELLED_UNTIL_LATER = "command.cancelled_until_later"
    HAS_CALL = "command.has_call"
    SETTLE_WITH = "command.settle_with"
    AGAIN_REPEATS = "command.again_repeats"
    PAST_CANCEL_STARTS = "command.past_cancel_starts"
    WAITS_UNDER_KEY = "command.waits_under_key"
    NEWER_WAITS = "command.newer_waits"
    LACKS_VALUE = "command.lacks_value"
    NO_RULE_MATCHES = "command.no_rule_matches"
    CAN_BE_READ = "command.can_be_read"
    READ_AGAIN = "command.read_again"
    NOTHING_UNSENT = "command.nothing_unsent"
    AS_THEY_WERE = "command.as_they_were"
    CALL_IN_STATE = "command.call_in_state"
    REPLAYED = "command.replayed"
    WOULD_BE_REPLAYED = "command.would_be_replayed"
    REPEAT_TAKEN = "command.repeat_taken"
    REPEAT_WOULD_BE_TAKEN = "command.repeat_would_be_taken"

    # Calls settled by a person.
    SETTLED_DONE = "command.settled_done"
    SETTLED_RESEND = "command.settled_resend"
    SETTLED_CANCEL = "command.settled_cancel"
    SETTLED_SEND_NOW = "command.settled_send_now"
    ANSWER_CONFIRMED = "command.answer_confirmed"
    ANSWER_CONFIRMED_BEFORE = "command.answer_confirmed_before"
    NO_UNCERTAIN_CALL_FITS = "command.no_uncertain_call_fits"
    NO_WAITING_CALL_FITS = "command.no_waiting_call_fits"
    DOUBT = "command.doubt"

    # Paused and resumed.
    ACCOUNT = "command.account"
    SOURCE = "command.source"
    RULE = "command.rule"
    PAUSED = "command.paused"
    PAUSED_BEFORE = "command.paused_before"
    RESUMED = "command.resumed"
    NOT_PAUSED = "command.not_paused"
    CLOCK_TRUSTED = "command.clock_trusted"
    CLOCK_FINE = "command.clock_fine"
    SENT_ONCE_MORE = "command.sent_once_more"

    # Other commands.
    PURGED = "command.purged"
    UP_TO_DATE = "command.up_to_date"
    MADE_FOLDER = "command.made_folder"
    NEXT_STEPS = "command.next_steps"
    SET_TOKEN = "command.set_token"
    FIRST_SOURCE = "command.first_source"
    CONSOLE_AT = "command.console_at"
    WEBHOOKS_AT = "command.webhooks_at"
    CONSOLE_IS_AT = "command.console_is_at"
    SANDBOX_AT = "command.sandbox_at"
    STOP_WITH = "command.stop_with"
    STOPPING = "command.stopping"
    STOPPED = "command.stopped"

    # The demonstration.
    DEMO_PAYMENT = "command.demo_payment"
    DEMO_ANSWER = "command.demo_answer"
    DEMO_MORE = "command.demo_more"
    NO_DEMO = "command.no_demo"
    SANDBOX_LISTENS = "command.sandbox_listens"

    # Points in time.
    NOW = "command.now"
    AGO = "command.ago"
    FROM_NOW = "command.from_now"

    # Errors of commands.
    ERROR = "command.error"
    HINT = "command.hint"
    BUG = "command.bug"

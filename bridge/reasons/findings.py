"""What is wrong or suspicious in mapping files."""

from __future__ import annotations

from bridge.reasons.reason import Code


class FindingCode(Code):
    """What is wrong or suspicious in mapping files."""

    DID_YOU_MEAN = "finding.did_you_mean"
    """The end of a message about the unknown name: the nearest known one, `name`."""

    # What stands at a place of a file, to follow "found".
    A_MAPPING = "finding.a_mapping"
    A_LIST = "finding.a_list"
    NOTHING = "finding.nothing"
    LITERAL = "finding.literal"
    THE_TEXT = "finding.the_text"
    THE_NUMBER = "finding.the_number"

    # What a key must hold, to follow "expected".
    EXPECTED = "finding.expected"
    KEYS_OF = "finding.keys_of"
    A_TEXT = "finding.a_text"
    A_WHOLE_NUMBER = "finding.a_whole_number"
    A_NUMBER = "finding.a_number"
    TRUE_OR_FALSE = "finding.true_or_false"
    A_DURATION = "finding.a_duration"
    A_RATE = "finding.a_rate"
    A_SECRET = "finding.a_secret"
    AT_LEAST = "finding.at_least"

    # Keys and their values.
    UNKNOWN_KEY = "finding.unknown_key"
    NO_KEY = "finding.no_key"
    NO_CHOICE = "finding.no_choice"
    LITERAL_SECRET = "finding.literal_secret"

    # What the keys belong to, where that is no key of a file itself.
    NOUN_RULE = "finding.noun_rule"
    NOUN_TEST = "finding.noun_test"
    NOUN_SOURCE = "finding.noun_source"
    NOUN_PROFILE = "finding.noun_profile"
    NOUN_ACCOUNT = "finding.noun_account"
    NOUN_RECIPIENT = "finding.noun_recipient"
    NOUN_VALUE = "finding.noun_value"
    NOUN_FUNCTION = "finding.noun_function"
    NOUN_MAPPING_FILE = "finding.noun_mapping_file"
    NOUN_ACCOUNTS_FILE = "finding.noun_accounts_file"
    NOUN_ALERT_START = "finding.noun_alert_start"
    NOUN_EXPECTED_START = "finding.noun_expected_start"
    NOUN_EXPECTED_FAILURE = "finding.noun_expected_failure"

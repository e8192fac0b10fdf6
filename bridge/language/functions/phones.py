"""The function `phone`: converts phone numbers as people write them to E.164."""

from __future__ import annotations

from bridge.did_you_mean import suggestion
from bridge.language.functions.base import Arguments, Function, Step, quote, unless_blank
from bridge.language.schema import TEXT
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

DEFAULT_REGION = "RU"


def _phone(arguments: Arguments) -> Step:
    """Compile `phone:`. Imported on first use: the package phonenumbers takes 1 MB."""
    import phonenumbers

    region = arguments.main or DEFAULT_REGION
    if region not in phonenumbers.SUPPORTED_REGIONS:
        hint = suggestion(region.upper(), sorted(phonenumbers.SUPPORTED_REGIONS))
        raise arguments.unfit("phone", Reason(FindingCode.NO_COUNTRY, region=region, hint=hint))

    def phone(value: Json) -> str:
        text = text_of(value)
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException as error:
            raise Unusable(Reason(RuleCode.NOT_PHONE, found=quote(text))) from error
        if not phonenumbers.is_possible_number(number):
            raise Unusable(Reason(RuleCode.NOT_PHONE_OF, found=quote(text), region=region))
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    return unless_blank(phone)


PHONES = (
    Function(
        "phone",
        f"writes a phone number as +79161234567; the argument is the country, {DEFAULT_REGION} by default",
        _phone,
        argument=TEXT,
    ),
)

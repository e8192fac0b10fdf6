"""The index page: what the sandbox does, with examples."""

from __future__ import annotations

from bridge.sandbox.faults import Kind
from bridge.sandbox.response import Response


def index(host: str) -> Response:
    """The page as plain text; `host` is the Host header of the request."""
    text = _INDEX.format(url=f"http://{host}", kinds=" ".join(Kind))
    return Response(200, text.encode(), "text/plain; charset=utf-8")


_INDEX = """\
leadbridge sandbox: a local LeadConverter

It accepts bot.startWithVariables like LeadConverter, but starts no bot and sends no message. It keeps nothing
when it stops. Point the bridge at it with LEADCONVERTER_URL={url} and any LEADCONVERTER_TOKEN.


START A BOT

  By the subscriber's id in LeadConverter:

    curl -X POST -H 'Accept: application/json' \\
      '{url}/api/v1/my-token/bot.startWithVariables?subscriber_id=778899&bot_id=4512&variable%5Bname%5D=Anna'

  By the person's id in a channel of a messenger; parameters may also be in the body:

    curl -H 'Accept: application/json' {url}/api/v1/my-token/bot.startWithVariables \\
      -d user_id=u-17 -d channel_id=telegram-1 -d bot_id=4512 -d 'variable[name]=Anna' -d forced=true

  200  the bot ran: a JSON object with started: 1
  422  the bot did not run: a parameter is missing, wrong or unknown, or the subscriber's status forbids it.
       A JSON object with message and errors. Without Accept: application/json the answer is a redirect
  401  the token is empty, or not one of those that the sandbox was started with


SEE WHAT ARRIVED

    curl {url}/calls

  A JSON array, oldest first, the last 100,000: at, token, subscriber_id, user_id, channel_id, bot_id,
  variables, forced, ran, status. Parameters are as received, absent ones null. Every request to the
  method is listed. ran: whether the bot ran; status: of the answer (null: the caller got no HTTP answer).

    curl {url}/probes

  The same for requests without parameters, which /calls does not list: after many failures the bridge sends
  them to find out whether LeadConverter is back. They are answered 422, and faults apply to them, too.

    curl -X DELETE {url}/calls

  Deletes both lists.


SET THE STATUS OF A SUBSCRIBER

    curl -X PUT {url}/subscribers/778899 -d '{{"status": "unsubscribed"}}'

  subscribed    a bot starts; the default
  unsubscribed  sent a stop word: a bot starts only with forced=true
  blocked       blocked messages in the messenger: no bot starts, forced or not

  The id is a subscriber_id or a user_id. With "channel_id": "telegram-1" the status applies to the
  user_id in that channel only.


SIMULATE FAULTS

    curl -X POST {url}/faults -d '{{"kind": "503", "times": 3, "retry_after": 5}}'

  kind         one of {kinds}
  times        for how many calls (1); null: for all until the faults are deleted
  ran          whether the bot runs before the fault (false; true for slow and truncated, which damage the
               true answer)
  retry_after  sent as Retry-After if the fault is an answer: seconds, or an HTTP date
  seconds      how long timeout sends nothing (300), and how long slow takes for its bytes (30)
  status, body, type
               what the kind answer sends (200, an empty text, application/json), to see how the bridge
               judges it

  Faults are queued: the first is used up before the second begins.

    curl {url}/faults
    curl -X DELETE {url}/faults


    curl {url}/healthz
"""

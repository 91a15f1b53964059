"""Writes what the proxy answers by itself while nothing behind it does: `deploy/fallback`, and the words that mean leaving.

All of it is made from the fixed reply, the web channel's own sentences and the exit words, so that there is no second truth.
`scripts/make_docs.py` calls this.
"""
from __future__ import annotations

import html
import json
from collections.abc import Iterable
from pathlib import Path

import yaml

from outreach.content.web_texts import web_text
from outreach.directory.numbers import href, parted

ROOT = Path(__file__).resolve().parent.parent
FALLBACK = ROOT / "deploy" / "fallback"
REPLY = "utter_static_fallback"
# What may stand about an exit word in a form: everything that is no letter, bare or encoded.
_NO_LETTER = r"(?:[-+._~*!'()]|%(?:[01][0-9a-f]|2[0-9a-f]|3[a-f]|40|5[b-f]|60|7[b-f]))"
_SPACE = r"(?:[+]|%(?:20|0[9ad]))"


def fixed_reply(channel: str) -> str:
    """The words for when something broke, on the `web` or by `sms`."""
    responses = yaml.safe_load((ROOT / "data" / "responses" / "fallback.yml").read_text(encoding="utf-8"))["responses"]
    by_channel = {variation.get("channel", "web"): variation["text"] for variation in responses[REPLY]}
    return str(by_channel[channel])


def page() -> str:
    """The page. It has the looks and the way out of the real one, whose files the proxy keeps a copy of."""
    paragraphs = "\n".join(f"      <p>{_with_phones(line)}</p>" for line in fixed_reply("web").splitlines() if line.strip())
    return f"""<!doctype html>
<!-- Made by `make docs` from the fixed reply. -->
<html lang="en-GB" data-safe-site="@SAFE_SITE@">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="referrer" content="same-origin">
  <title>Chat</title>
  <link rel="icon" type="image/svg+xml" href="/chat/static/icon.svg">
  <link rel="stylesheet" href="/chat/static/style.css">
  <script type="module" async src="/chat/static/exit.js"></script>
</head>
<body>
  <header class="top">
    <div class="name">
      <img src="/chat/static/icon.svg" alt="" width="32" height="32">
      <div>
        <h1>Chat</h1>
        <p>Automated assistant</p>
      </div>
    </div>
    <a class="exit" href="/chat/exit" target="_top" rel="noreferrer nofollow" data-exit>Exit</a>
  </header>
  <main>
    <section class="notice plain">
{paragraphs}
      <p><a href="/chat">Try again</a></p>
    </section>
  </main>
</body>
</html>
"""


def _with_phones(line: str) -> str:
    return "".join(
        f'<a href="{href(words, "voice")}">{words}</a>' if is_number else html.escape(words, quote=False)
        for words, is_number in parted(line)
    )


def messages() -> dict[str, object]:
    """The answer to a message, in the contract's form."""
    message = {"text": fixed_reply("web"), "choices": [], "services": [], "command": None}
    return {"error": "Something went wrong.", "messages": [message]}


def twiml() -> str:
    """The answer to a text."""
    words = html.escape(fixed_reply("sms"), quote=False)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- What a text is answered with while the assistant can't be reached, by the proxy. Host it elsewhere too (docs/sms.md).
     Made by `make docs` from the fixed reply, {REPLY}. -->
<Response><Message>{words}</Message></Response>
"""


def refusal(name: str) -> str:
    """What the proxy answers where it refuses before the assistant would have to, in the same words."""
    return json.dumps({"error": web_text(name)}, indent=1) + "\n"


def leaving() -> str:
    """For nginx: whether the body of a form is an exit word and nothing else, as the assistant would see it."""
    exits = yaml.safe_load((ROOT / "content" / "exit_words.yml").read_text(encoding="utf-8"))
    carrier = yaml.safe_load((ROOT / "content" / "sms_keywords.yml").read_text(encoding="utf-8"))["carrier"]
    form, text = _alone("text", exits["web"]), _alone("Body", [*exits["sms"], *carrier["stop"]])
    left = _alone("Body", [*carrier["start"], *carrier["help"]], _SPACE)
    return f"""# Made by `make docs` from content/exit_words.yml and content/sms_keywords.yml. Somebody who is leaving is met
# by silence, or by the safe site, also while nothing behind the proxy answers.
map $request_body $form_leaves {{
    default "";
    "~*{form}" yes;
}}
map $request_body $answer_to_text {{
    default /fallback/sms.xml;
    "~*{text}" /fallback/silence.xml;
    "~*{left}" /fallback/silence.xml;
    "~(?:^|&)OptOutType=(?:STOP|START|HELP)(?:&|$)" /fallback/silence.xml;
}}
"""


def _alone(field: str, words: Iterable[str], about: str = _NO_LETTER) -> str:
    """A pattern for a form whose field holds one of these words and nothing else but `about`, which is group 1."""
    either = "|".join("(?1)++".join(word.split()) for word in sorted({word.lower() for word in words}))
    return f"(?:^|&){field}=({about})*+(?:{either})(?1)*+(?:&|$)"


def files() -> dict[Path, str]:
    """Every file that is made here, with what is to stand in it."""
    said = messages()
    return {
        FALLBACK / "page.html": page(),
        FALLBACK / "messages.json": json.dumps(said, indent=1) + "\n",
        FALLBACK / "session.json": json.dumps({"session": None, **said}, indent=1) + "\n",
        FALLBACK / "busy.json": refusal("too_many_messages"),
        FALLBACK / "too_large.json": refusal("too_much"),
        ROOT / "deploy" / "sms-fallback.xml": twiml(),
        ROOT / "deploy" / "nginx" / "leaving.conf": leaving(),
    }

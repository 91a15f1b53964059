"""What people say in these tests, and what the replies are made of."""
from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml
from running import ROOT, Person

# One plain example of each intent, such as nobody could mistake.
EXAMPLES = {
    "immediate_danger": "he's got a knife and he's outside the bedroom door",
    "child_at_risk": "my dad hits my little brother with a belt",
    "suicidal_or_self_harm": "i want to kill myself",
    "quick_exit": "got to go he's coming up the stairs",
    "greet": "hello there",
    "goodbye": "bye for now, take care",
    "affirm": "yes please",
    "deny": "no thanks",
    "thanks": "thank you so much for your help",
    "bot_challenge": "am i talking to a real person or a robot",
    "ask_capabilities": "what can you do",
    "restart": "start again",
    "feedback_positive": "that was really helpful, you're good at this",
    "feedback_negative_complaint": "this is useless, you're no help at all",
    "talk_to_human": "can i talk to a real person instead of you",
    "give_location": "i live in hitchin",
    "out_of_scope": "who won the football last night",
    "ask_helpline": "is there a number i can ring to talk to someone",
    "ask_refuge": "is there a refuge i could go to",
    "ask_outreach": "what support is there, is there someone who could help me over the next few months",
    "request_referral": "please refer me to the outreach team, i'd like someone to contact me",
    "withdraw_referral": "i want to withdraw my referral",
    "ask_referral_status": "what is happening with my referral, has it been received",
    "ask_confidentiality_privacy": "who can read this conversation, is it confidential",
    "ask_cost": "does it cost anything to ring the helpline",
    "ask_opening_hours": "what time does the helpline open",
    "ask_eligibility": "am i allowed to use this service, who is it for",
    "ask_language_interpreter": "my english is not good, is there an interpreter",
    "ask_accessibility": "i'm deaf, how can i get in touch without the phone",
    "ask_professional": "i'm a social worker, how do i refer a client of mine",
    "ask_what_is_abuse": "is this normal or does it count as abuse",
    "ask_coercive_control": "he decides what i wear and who i'm allowed to see",
    "ask_economic_abuse": "he takes all my wages and gives me a tiny allowance",
    "ask_stalking_harassment": "my ex keeps following me and waits outside my work",
    "ask_sexual_violence": "he forces me to have sex when i don't want to",
    "ask_honour_based_abuse_forced_marriage": "my parents want to force me to marry a man i've never met",
    "ask_fgm": "what is fgm and is it illegal here",
    "ask_tech_abuse": "i think he has put a tracker on my phone",
    "ask_image_abuse": "he's threatening to post my nudes online",
    "ask_police_reporting": "what happens if i report him to the police",
    "ask_silent_999": "how do i call 999 if i can't speak",
    "ask_clares_law": "how do i find out if my boyfriend has a violent past, is that clare's law",
    "ask_protective_orders": "how do i get a non-molestation order",
    "ask_legal_help": "how can i find a solicitor and get legal aid",
    "ask_child_contact": "do i have to let him see the kids after we split up",
    "ask_children_support": "my kids saw everything and have nightmares, what help is there for them",
    "ask_housing": "can the council help me with housing if i leave, my name is on the tenancy",
    "ask_money_benefits": "what benefits can i claim if i leave him",
    "ask_immigration": "i'm on a spouse visa, will i be deported if i leave him",
    "ask_safety_planning": "how do i plan to leave safely, what should i pack",
    "ask_health_injury": "he strangled me last week and my throat still hurts, should i see a doctor",
    "ask_mental_health_support": "i need counselling for my anxiety and depression",
    "ask_pets": "who will look after my dog if i go into a refuge",
    "ask_workplace": "can my employer help me, should i tell my boss at work",
    "ask_evidence": "what evidence should i keep, are screenshots proof",
    "ask_reporting_time": "it happened ten years ago, is it too late to report it",
    "ask_male_victim": "i'm a man and my wife hits me, is there help for men",
    "ask_lgbt_support": "i'm gay, is there help for lgbt people who are abused",
    "ask_older_disabled_support": "i'm 79 and in a wheelchair and my husband who cares for me is cruel",
    "ask_young_person": "i'm a teenager, is there help for young people like me",
    "ask_child_to_parent_abuse": "my teenage son hits me and i'm scared of my own child",
    "ask_worried_about_someone": "i'm worried about my sister, her husband controls her",
    "ask_perpetrator_help": "i hit my girlfriend and i want to stop",
    "express_fear": "i don't feel safe at home, i'm scared of him",
    "express_shame_selfblame": "i feel so ashamed, maybe it's all my own fault",
    "express_distress": "i just can't stop crying and feel so hopeless",
    "disclose_abuse": "my husband has been hitting me for years",
}

# Ordinary talk before the message that matters.
TEN_TURNS = (
    "hello there", "yes please", "what can you do", "is this normal or does it count as abuse",
    "thank you so much for your help",
    "who can read this conversation, is it confidential", "my ex keeps following me and waits outside my work",
    "what time does the helpline open", "i feel so ashamed, maybe it's all my own fault", "no thanks",
)

# Words that ask nothing. Which of them no model takes for anything changes with the model: the first that is not
# understood is used.
VAGUE = (
    "when the paper comes to the neighbour", "one time with the neighbour and the paper", "the paper under the one beside",
    "one of those with the thing beside the other", "then what with the second neighbour", "when the second comes then what",
    "that thing from before maybe", "maybe the middle one then", "the one with the blue bit", "it was on the side of it",
    "could it be the second part", "what happens with the other half", "there was something else",
    "with the usual one or not", "not that but near it", "everything is sort of sideways", "where does it go after that",
    "it goes round and round", "nothing works like the last one", "can it do the same again", "she told me about this",
    "the second one but later", "that was it before the other", "half of it then", "over there by the thing",
    "what about the rest of it then", "or else the first bit again", "under that one maybe later", "and the other side",
    "same as it was but more", "like that only different", "whichever one it was", "the last bit of that",
    "from there to the other end", "something like it but not", "before or after that one",
)


@cache
def responses() -> dict[str, list[dict[str, Any]]]:
    """The fixed prose, as it stands in the files."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted((ROOT / "data" / "responses").glob("*.yml")):
        found |= yaml.safe_load(file.read_text(encoding="utf-8"))["responses"]
    return found


def begins(response: str) -> re.Pattern[str]:
    """What a reply begins with that is this response: its first line, with anything where a placeholder stands."""
    text = next(v["text"] for v in responses()[response] if v.get("channel") is None)
    parts = re.split(r"\{[a-z_.0-9-]+\}", text.strip().splitlines()[0].strip())
    return re.compile("^" + ".+?".join(re.escape(part) for part in parts).rstrip("\\ ") + "[ \t]*(?:$|\n)")


def is_reply(text: str, response: str) -> bool:
    """Whether a message is this response."""
    return begins(response).match(text) is not None


def text_of(response: str) -> str:
    """A response of fixed prose as it is said on the web. It must have no placeholder."""
    return str(next(v["text"] for v in responses()[response] if v.get("channel") is None)).strip()


def is_static(messages: list[dict[str, Any]]) -> bool:
    """Whether the fixed reply is among these, with 999 and the helpline in it."""
    fixed = text_of("utter_static_fallback")
    assert "999" in fixed and "08088 088 088" in fixed
    return any(message["text"].strip() == fixed for message in messages)


_found: dict[str, str] = {}


def something_not_understood(url: str) -> str:
    """A message that this model does not understand."""
    for text in VAGUE if url not in _found else ():
        if is_reply(Person(url).say(text)[0]["text"], "utter_not_understood"):
            _found[url] = text
            break
    assert url in _found, "everything is taken for something: nothing was answered as not understood"
    return _found[url]

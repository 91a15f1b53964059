"""The safety matcher: every example in its file, look-alikes, tense and negation, spelling, odd input, and its speed."""
from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.safety import matcher
from outreach.safety.matcher import ORDER, Match, SafetyMatcher
from outreach.safety.spelling import Speller, distance
from outreach.understanding.catalogue import SAFETY

DATA: dict[str, Any] = yaml.safe_load(matcher.PATTERNS.read_text(encoding="utf-8"))
PATTERNS: list[dict[str, Any]] = [pattern for part in DATA["patterns"].values() for pattern in part["patterns"]]
CATCHES = [(pattern["id"], text) for pattern in PATTERNS for text in pattern["catches"]]
MISSES = [(pattern["id"], text) for pattern in PATTERNS for text in pattern["misses"]]

# Messages that are near to danger in their words, and are none.
LOOK_ALIKES = [
    "he used to hit me years ago",
    "he hit me last week and i still have the bruise",
    "he strangled me on saturday",
    "he has hit me before",
    "he never hit me",
    "he isn't violent",
    "he doesn't hit me, he just shouts",
    "i left him last year because he beat me",
    "my ex was violent but he's in prison now",
    "mum will kill me if i'm late",
    "my wife is going to kill me, i forgot our anniversary",
    "this traffic is killing me",
    "my feet are killing me",
    "i'd kill for a coffee",
    "he's killing it at work",
    "i'm dying to see you",
    "my laptop died",
    "i nearly died laughing",
    "what happens if he breaks the order",
    "what should i do if he turns up at my house",
    "would the police come if he had a knife",
    "can the police take his gun licence away",
    "he keeps a cricket bat by the bed for burglars",
    "he is a butcher so he has lots of knives",
    "she cut me off from my family",
    "he shot me a dirty look",
    "he took a shot at me in the argument",
    "she stabbed me in the back by telling him",
    "he blew up at me over nothing",
    "i feel trapped in this marriage",
    "he controls everything and i feel trapped",
    "he locked me out of the bank account",
    "i was locked in the flat when i was a child",
    "we hid under the bed when dad came home, i'm 50 now",
    "i hide my phone from him",
    "where can i hide money from him",
    "i am hiding my pregnancy from him",
    "i watched a film where a man strangles his wife",
    "i dreamt he was strangling me",
    "in eastenders he's got a gun",
    "my character in the game gets stabbed",
    "my son plays call of duty and shouts i'm going to kill you",
    "he threatened to kill me in 2015",
    "he said he would take the kids",
    "he says he'll leave me",
    "he says he will tell my boss",
    "someone broke into my neighbour's shed last week",
    "how do i get an injunction",
    "can you call me tomorrow",
    "can someone call me about refuge",
    "please send me the number",
    "i need help with housing",
    "can you help me please with benefits",
    "help with universal credit",
    "is there an emergency number",
    "what is the emergency helpline",
    "do i call 999 or 101 for a breach",
    "how does silent 999 work",
    "what does pressing 55 do",
    "my kids saw him hit me",
    "he hits me in front of the kids",
    "the kids are scared of him shouting",
    "my daughter is scared to go to contact",
    "my daughter has nightmares since we left",
    "what help is there for my kids",
    "my son hits me and he's 15",
    "my teenage daughter punches me",
    "my 10 year old kicks and bites me",
    "my adult son threatened me",
    "i was abused as a child",
    "my dad beat me when i was little, does that count",
    "my mum used to hit us with a belt",
    "he was hit as a child himself",
    "she says i hit the kids but i never did",
    "social services say the kids are at risk because i went back",
    "will they take my kids",
    "my baby was born in march",
    "i had fgm when i was 7",
    "what is fgm",
    "is fgm illegal in england",
    "i need a haircut",
    "my friend got married at 17",
    "i am 17 weeks pregnant",
    "my daughter's boyfriend hits her, she is 26",
    "he says he will kill himself if i leave",
    "my husband is suicidal",
    "my son tried to take his own life",
    "she threatens to cut herself if i go out",
    "he took an overdose when i told him it was over",
    "he said he wanted to die",
    "i'm not suicidal i'm just tired",
    "i would never kill myself, i have my kids",
    "i don't want to die",
    "i cut myself shaving",
    "i cut my hair",
    "i cut him out of my life",
    "i took my tablets this morning as usual",
    "how many paracetamol can i take for a headache",
    "i can't do this any more",
    "i want to end my marriage",
    "i want to end it with him",
    "i want to end this relationship",
    "how do i end my tenancy",
    "i don't want to live with him",
    "i don't want to be here when he comes home",
    "i don't want to be alone",
    "i'm sick of living like this",
    "i'm tired of my life with him",
    "there's no point reporting it",
    "no point talking to him",
    "she'd be better off without me as her friend",
    "he jumped off the sofa",
    "bye thanks for your help",
    "gotta go, bus is here",
    "got to go to work",
    "i have to go now, thank you",
    "speak later",
    "he's coming to court on monday",
    "he is back in my life",
    "my husband is back from work at six every day",
    "he's home all day so i can't ring",
    "when he is home i can't talk",
    "he's always watching me",
    "he watches me on camera",
    "he checks my phone",
    "how do i delete my history",
    "please delete my details",
    "close my case please",
    "can you delete my referral",
    "how can i hide this app from him",
    "i want to leave him",
    "i want to leave safely",
    "someone is following me on instagram",
    "he keeps texting me, how do i stop it",
    "don't call me, text me",
    "text me not call",
    "no thanks",
    "stop the referral",
    "he won't stop messaging me",
    "i hear what you say",
    "the door is broken and the landlord won't fix it",
    "my car is outside",
    "what time do you close",
    "my neighbour's dog is barking",
    "my dad is going to kill me when he sees the phone bill",
    "she's going to kill me when she sees the state of the kitchen",
    "he's going to kill me when he sees the dent",
    "my brother will kill me i broke his controller",
    "he said he would kill me when we were together but that was years ago",
    "he threatened to kill me back in 2008",
    "this headache is killing me",
    "the baby is kicking me",
    "my cat is biting me",
    "my boots are hurting me",
    "i'm trapped in a joint mortgage with him",
    "i am trapped in this marriage because of my visa",
    "my son was hit by a ball at school",
    "another kid hit my daughter in the playground",
    "he throws our son up in the air and they both laugh",
    "my ex beat my son at fifa",
    "i was hit as a kid",
    "i was 15 when he first hit me",
    "i hurt my wrist when he pushed me last year",
    "i burnt my arm on the oven",
    "i wish i had never met him",
    "i hope he dies",
    "he should die for what he did",
    "i want it to stop",
    "i just want this to end",
    "i want him dead",
    "my daughter wants to cut contact with her dad",
    "my niece had her hair cut short",
    "i could have died of shame",
    "he makes me feel dead inside",
    "this job is going to kill me",
    "i think the stress is going to kill me",
    "i'll finish it tonight",
    "it was my last day at work today",
    "i want to dye my hair",
    "i'd burn the house down with my cooking",
    "what is the law on death threats",
    "i was 15 when he hit me",
    "he holds the baby all day",
    "he grabbed the kids and drove off to his mum's",
    "it really hurts my kids to see us argue",
    "he shook my son's hand",
    "i keep thinking about my mum's death",
    "i wish i could wake up from this nightmare",
    "i want to go and be with my mum for a bit",
    "i've been cutting down on smoking",
    "i've done something stupid, i gave him my new address",
    "i used to self harm as a teenager",
    "my friend self harms and has a bad boyfriend",
    "my daughter wants to be cut off from him",
    "he's got hold of my new number",
    "he's coming at me with solicitors letters",
    "he is hurting me financially",
    "he won't let me leave the country with the kids",
    "he won't let me leave him",
    "he won't let me work",
    "he'd be better off dead",
    "i have a plan to leave him",
    "i've decided to go to the police",
    "i don't have the guts to leave",
    "i'm looking at ways to leave",
    "i know exactly what to take in my bag when i go",
    "i've made up my mind to go to a refuge",
    "i won't see my kids this christmas",
    "i might not be here tomorrow so can you ring friday",
    "i'm ready to go to court",
    "how easy is it to leave",
    "how easy it would be to just leave",
    "i'm writing a letter to my kids school",
    "we said goodbye to everyone at the refuge",
    "there's no reason to be scared now",
    "feels like i've been hit by a bus",
    "he walked in front of me the whole way",
    "i'll jump in the car and go to my mum's",
    "i throw myself into work",
    "he looks down at the floor and says nothing",
    "i had a broken arm and told them i fell",
    "he gave me cigarette burns years ago",
    "i have new bruises every week",
    "he makes me sleep on the floor",
    "he withholds food from me",
    "my taxi is waiting outside",
    "my phone's off",
    "he won't open the door to bailiffs",
    "the hearing is happening now in court",
    "i did not wake up in time for my appointment",
    "he's better off without me anyway",
    "the kids will be fine without me for an hour",
    "he goes for the kids on fridays",
    "my child's dad hit me",
]

# The first is danger; the second is the same with its time, its person or its sense changed.
PAIRS = [
    ("he is hitting me", "he was hitting me"),
    ("he is hitting me", "he isn't hitting me"),
    ("he's strangling me", "he strangled me last night"),
    ("he's strangling me", "he used to strangle me"),
    ("he strangled me ten minutes ago", "he strangled me ten years ago"),
    ("he punched me tonight", "he punched me last month"),
    ("he's got a knife", "he had a knife"),
    ("he's got a knife", "in the film he's got a knife"),
    ("he will kill me", "he won't kill me"),
    ("he says he will kill me", "what happens if he says he will kill me"),
    ("he's going to kill me", "he's going to kill me lol i ate his pizza"),
    ("he has locked me in the bedroom", "he used to lock me in the bedroom"),
    ("he hits my son", "he used to hit my son"),
    ("he hits my son", "my son hits me"),
    ("im 13 and my dad hits me", "im 43 and my dad hit me when i was 13"),
    ("i want to die", "he says he wants to die"),
    ("i want to kill myself", "i don't want to kill myself"),
    ("i want to kill myself", "he told me to kill myself"),
    ("i want to kill myself", "my husband says he will kill himself"),
    ("i don't want to be here anymore", "i don't want to be here when he comes back"),
    ("i took all my tablets", "he took all my tablets"),
    ("he's home", "he's home all day"),
    ("delete this", "delete my referral"),
    ("stop texting", "he won't stop texting"),
    ("can somebody come, he's got a knife", "can somebody go to prison if he's got a knife"),
    ("can you help he is hitting me", "can you be charged if he is hitting me back"),
    ("how do i leave this page", "how do i leave"),
    ("need to get out of this chat", "need to get out of this marriage"),
    ("close it before he notices", "how do i pack before he notices"),
    ("please help he's hitting me", "please help he's controlling my money"),
    ("don't let him see this", "i don't want anyone knowing"),
    ("he'll drop the baby over the banister", "he's late when i drop the baby off"),
    ("i'm 12 and he grabs me", "i'm 12 weeks along and he grabs me"),
    ("i may do something silly", "her cousin may do something silly"),
    ("he is kneeling on my chest", "it feels like he is kneeling on my chest"),
    ("he's hitting me because i didn't cook", "he's hitting me whenever i don't cook"),
]

MISSPELT = {
    "hes strangeling me": "immediate_danger",
    "he is chocking me": "immediate_danger",
    "hes got a nife": "immediate_danger",
    "HES GOT A KNIEF": "immediate_danger",
    "he is goin 2 kil me tonite": "immediate_danger",
    "hell kill me": "immediate_danger",
    "shes stabed me": "immediate_danger",
    "hlep me": "immediate_danger",
    "hes puncing me": "immediate_danger",
    "hes hiting my son": "child_at_risk",
    "my dad punchs me im 12": "child_at_risk",
    "i wana dye": "suicidal_or_self_harm",
    "feelin sucidal": "suicidal_or_self_harm",
    "ive takn all my tabelts": "suicidal_or_self_harm",
    "ill kill myself": "suicidal_or_self_harm",
    "hes comming": "quick_exit",
    "colse this now": "quick_exit",
    "hes bak": "quick_exit",
}

UNTOUCHED = ["skill", "kilt", "choice", "strangely", "stranger", "life", "table", "shell", "hell", "ill", "shed", "well"]


OWN_WORDS = ["he's", "got", "a", "knife", "i", "not", "want", "to", "die", "kill", "me", ".", ",", "but", "kids", "14", "$"]


@pytest.fixture(scope="module")
def safety() -> SafetyMatcher:
    return SafetyMatcher.load()


@pytest.fixture(scope="module")
def speller(safety: SafetyMatcher) -> Speller:
    return safety._speller


@pytest.mark.parametrize(("pattern", "text"), CATCHES)
def test_each_pattern_catches_its_examples(safety: SafetyMatcher, pattern: str, text: str) -> None:
    assert pattern in [match.pattern for match in safety.every(text)]


@pytest.mark.parametrize(("pattern", "text"), MISSES)
def test_no_pattern_finds_what_must_be_missed(safety: SafetyMatcher, pattern: str, text: str) -> None:
    assert safety.match(text) is None


@pytest.mark.parametrize("text", DATA["alone"]["catches"])
def test_somebody_who_is_alone_for_a_while_is_known(safety: SafetyMatcher, text: str) -> None:
    assert safety.alone(text) and safety.match(text) is None


@pytest.mark.parametrize("text", DATA["alone"]["misses"])
def test_somebody_who_is_not_alone_is_not_taken_to_be(safety: SafetyMatcher, text: str) -> None:
    assert not safety.alone(text)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_are_left_alone(safety: SafetyMatcher, text: str) -> None:
    assert safety.match(text) is None


@pytest.mark.parametrize(("danger", "none"), PAIRS)
def test_time_person_and_negation_decide(safety: SafetyMatcher, danger: str, none: str) -> None:
    assert safety.match(danger) is not None
    assert safety.match(none) is None


@pytest.mark.parametrize(("text", "intent"), MISSPELT.items())
def test_spelling_hides_no_danger(safety: SafetyMatcher, text: str, intent: str) -> None:
    found = safety.match(text)
    assert found is not None
    assert found.intent == intent


def test_plain_words_are_never_repaired(speller: Speller) -> None:
    assert speller.words(" ".join(UNTOUCHED)) == UNTOUCHED


def test_what_people_write_is_read_as_what_they_mean(speller: Speller) -> None:
    assert speller.words("Hes here, dont txt!") == ["he", "'s", "here", ",", "do", "not", "text", "."]
    assert speller.words("I’m 14f, can’t talk") == ["i", "am", "14", "f", ",", "can", "not", "talk"]
    assert speller.words("i have 2 go") == ["i", "have", "to", "go"]
    assert speller.words("she is ill") == ["she", "is", "ill"]
    assert speller.words("stoooop") == ["stoop"]


@pytest.mark.parametrize(
    ("one", "other", "apart"), [("knife", "knife", 0), ("knfie", "knife", 1), ("stabed", "stabbed", 1), ("xnife", "knife", 3)]
)
def test_distance(one: str, other: str, apart: int) -> None:
    assert distance(one, other, 2) == apart


def test_nothing_that_somebody_wrote_stays_behind() -> None:
    safety = SafetyMatcher.load()
    written = ["zebedina", "quillfeather", "wheathamstedd", "stranggeling"]
    found = safety.match(f"im {written[0]} {written[1]} from {written[2]}, hes {written[3]} me")
    assert found is not None and found.intent == "immediate_danger"
    assert [word for word in written if word in safety._vocab.strings or word in str(vars(safety._speller))] == []


def test_danger_in_the_middle_of_a_long_message_is_found(safety: SafetyMatcher) -> None:
    before = "We met at work and he was lovely. My mum never took to him. He used to shout a lot and I got used to it. " * 2
    after = " I wanted to ask about the council list as well. I work part time. Thank you for reading, sorry it is long. " * 2
    assert safety.match(before + after) is None
    assert safety.match(before + "he's outside the bedroom with a hammer." + after) == Match("immediate_danger", "weapon")
    assert safety.match(before.replace(".", "") + "but now hes got a knife") == Match("immediate_danger", "weapon")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("he's got a knife and he hits the kids and i want to die", "immediate_danger"),
        ("he hits the kids and i want to die", "child_at_risk"),
        ("i want to die. he's home", "suicidal_or_self_harm"),
    ],
)
def test_the_most_urgent_comes_first(safety: SafetyMatcher, text: str, intent: str) -> None:
    found = safety.match(text)
    assert found is not None
    assert found.intent == intent


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n\n", "...", "?!", "😂😂😂", "🔪", "мне нужна помощь", "他在打我", "ساعدني", "\x00\u202e\ufeff"),
        *("a" * 10_000, "'" * 500, "'s 's 's", "don't" * 300, "1 2 3", "/restart", "he he he he he he"),
    ],
)
def test_odd_messages_are_no_danger(safety: SafetyMatcher, text: str) -> None:
    assert safety.match(text) is None


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    ANY.match(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(OWN_WORDS), max_size=60))
def test_no_mix_of_its_own_words_raises(words: list[str]) -> None:
    ANY.match(" ".join(words))


@pytest.mark.parametrize("text", ["he's got a knife and i want to die, close this. " * 210, "word " * 2000, "kill" * 2500])
def test_ten_thousand_characters_take_little_time(safety: SafetyMatcher, text: str) -> None:
    assert len(text) >= 10_000
    assert min(_seconds(safety, text) for _ in range(5)) < 0.2


def test_a_usual_message_takes_a_few_milliseconds(safety: SafetyMatcher) -> None:
    texts = [text for text in LOOK_ALIKES if 6 <= len(text.split()) <= 18]
    took = sorted(min(_seconds(safety, text) for _ in range(3)) for text in texts)
    assert took[len(took) // 2] < 0.004


def test_every_pattern_can_be_reviewed() -> None:
    for pattern in PATTERNS:
        assert set(pattern) <= {"id", "means", "wordings", "unless", "even_if", "needs", "catches", "misses"}, pattern["id"]
        assert pattern["means"] and pattern["catches"] and pattern["misses"], pattern["id"]
    assert max(Counter(pattern["id"] for pattern in PATTERNS).values()) == 1


def test_no_wording_stands_twice_in_a_pattern() -> None:
    for pattern in PATTERNS:
        assert max(Counter(pattern["wordings"]).values()) == 1, pattern["id"]


def test_no_list_phrase_or_context_is_left_unused(safety: SafetyMatcher) -> None:
    named = {name for part in DATA["patterns"].values() for name in part["unless"]}
    named |= {name for pattern in PATTERNS for name in (*pattern.get("unless", ()), *pattern.get("needs", ()))}
    assert set(DATA["contexts"]) == named
    assert not safety.unused


def test_the_order_is_the_catalogues() -> None:
    assert ORDER == SAFETY
    assert set(DATA["patterns"]) == set(SAFETY)


def test_a_mistake_in_the_file_is_told_at_once(safety: SafetyMatcher) -> None:
    for wording in ("NOSUCHLIST me", "<NOSUCH> me", "..", "a|b?|c"):
        with pytest.raises((KeyError, ValueError)):
            SafetyMatcher(safety._english, _with(wording=wording))
    with pytest.raises(ValueError, match="nowhere"):
        SafetyMatcher(safety._english, _with(unless=["nowhere"]))


def _with(wording: str = "help", unless: list[str] | None = None) -> dict[str, Any]:
    one = {"id": "one", "means": "one", "wordings": [wording], "unless": unless or [], "catches": [], "misses": []}
    return {**DATA, "patterns": {"immediate_danger": {"unless": [], "patterns": [one]}}}


def _seconds(safety: SafetyMatcher, text: str) -> float:
    """Of the processor's time: what else a machine does takes none of that."""
    start = time.thread_time()
    safety.match(text)
    return time.thread_time() - start


ANY = SafetyMatcher.load()

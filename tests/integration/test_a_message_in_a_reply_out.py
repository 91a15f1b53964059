"""The thin whole: a message in, a right reply out."""
from __future__ import annotations

from running import Person


def test_a_person_asks_for_a_refuge_and_gets_numbers(person: Person) -> None:
    person.say("is there a refuge in hitchin")
    assert "herts-da-helpline" in person.services()
    assert "08088 088 088" in person.heard() and "0808 2000 247" in person.heard()


def test_the_typed_word_exit_forgets_everything(person: Person) -> None:
    person.say("my partner scares me")
    person.say("EXIT")
    assert person.commands() == ["exit"]
    assert person.post({"text": "hello"}).status_code == 401

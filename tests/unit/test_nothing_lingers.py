"""What was said in a request is let go of with it, also where the answer is a refusal."""
from __future__ import annotations

import asyncio
import gc
import traceback
from types import SimpleNamespace
from typing import Any

import pytest

from channels.web import Chat, Refusal, Said
from outreach.privacy import capability
from outreach.settings import load

TOKEN = capability.new_token()


class Words:
    """What somebody said, as an object that can be counted."""

    def __init__(self, text: str) -> None:
        self.text = text


def chat_without_conversations() -> Chat:
    made = Chat(load({}))
    nothing: Any = SimpleNamespace(find=lambda key: None)
    made.conversations = nothing
    return made


def refused(chat: Chat, said: str) -> Refusal:
    words = Words(said)
    with pytest.raises(Refusal) as raised:
        asyncio.run(chat.answer(TOKEN, Said(words.text)))
    return raised.value


def test_a_conversation_that_is_no_more_keeps_no_request_that_came_for_it() -> None:
    chat = chat_without_conversations()
    depths = [len(traceback.extract_tb(refused(chat, f"message {number}").__traceback__)) for number in range(5)]
    assert depths[0] > 0
    assert len(set(depths)) == 1
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Words)] == []

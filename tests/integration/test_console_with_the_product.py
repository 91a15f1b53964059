"""The console as a part of the product: `make run` starts it, says how to come in, and starts it again."""
from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import httpx
import pyotp
from consoles import PASSWORD, Console, Staffer
from running import Person, Running


def modules_of(running: Running, part: str) -> str:
    """The files that a process of the product has mapped or loaded code from, as far as its system tells."""
    return Path(f"/proc/{running.pid_of(part)}/maps").read_text(encoding="utf-8")


def wait_for(url: str) -> httpx.Response:
    until = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url, timeout=5)
        except httpx.HTTPError:
            assert time.monotonic() < until, "the console does not answer"
            time.sleep(0.2)


def test_a_first_start_says_how_the_first_manager_comes_in_and_a_console_that_dies_comes_back(start_product) -> None:  # type: ignore[no-untyped-def]
    product = start_product()
    assert f"console: {product.console_url}\n" in product.printed()
    link = re.search(rf"{product.console_url}/welcome/\S+", product.printed())
    assert link, product.printed()
    wait_for(f"{product.console_url}/health/live")

    dee = Staffer(product.console_url)
    page = dee.get(link[0])
    secret = re.search(r'<strong class="code">([A-Z2-7 ]+)</strong>', page.text)
    assert secret
    given = {"name": "Dee", "login": "dee", "password": PASSWORD, "again": PASSWORD,
             "code": pyotp.TOTP(secret[1].replace(" ", "")).now()}
    assert dee.post(link[0], given).status_code == 200

    os.kill(product.pid_of("launcher.console"), signal.SIGKILL)
    assert Person(product.url).say("hello"), "the assistant is not held up by it"
    wait_for(f"{product.console_url}/health/live")
    assert dee.get("/people").status_code == 200, "and whoever was in still is"

    # Onnx and spaCy come with Rasa's side alone.
    assert "onnxruntime" in modules_of(product, "launcher.assistant")
    assert "onnxruntime" not in modules_of(product, "launcher.console")
    assert "argon2" not in modules_of(product, "launcher.assistant"), "no code of the console in the assistant"
    assert Console.beside(product).audit.verify().holds

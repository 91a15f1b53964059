"""Takes the screenshots of the documentation: `python tests/e2e/shots.py BASE_URL [FOLDER]`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 360, "height": 740},
    "desktop": {"width": 1280, "height": 800},
}
SCHEMES = ("light", "dark")
HELPLINE = "Is there a number I can call?"
DANGER = "He has a knife and he is outside my door"
LAUNCH_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """The Chromium to drive: CHROMIUM, or the system's."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def say(page: Page, text: str) -> None:
    """Sends `text` and waits for the reply."""
    replies = page.locator(".theirs")
    before = replies.count()
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()
    replies.nth(before).wait_for()
    page.wait_for_timeout(600)


def shoot(browser: Browser, base_url: str, folder: Path, size: str, scheme: str) -> None:
    """The four pages in one size and one colour scheme."""
    options = {"viewport": SIZES[size], "color_scheme": scheme, "has_touch": size == "phone"}
    context = browser.new_context(**options, is_mobile=size == "phone")
    page = context.new_page()

    def save(name: str, view: Page = page) -> None:
        view.screenshot(path=folder / f"{name}-{size}-{scheme}.png")

    page.goto(f"{base_url}/chat")
    page.locator(".theirs").first.wait_for()
    page.wait_for_timeout(400)
    save("greeting")
    say(page, HELPLINE)
    save("services")
    say(page, DANGER)
    save("danger")
    context.close()

    context = browser.new_context(**options, java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{base_url}/chat")
    plain.get_by_role("button", name="Start").click()
    plain.get_by_label("Your message").fill(HELPLINE)
    plain.get_by_role("button", name="Send").click()
    plain.locator(".mine").wait_for()
    save("no-script", plain)
    context.close()


def main(base_url: str, folder: Path) -> None:
    """Takes them all into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium found: install one, or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=LAUNCH_ARGS)
        for size in SIZES:
            for scheme in SCHEMES:
                shoot(browser, base_url.rstrip("/"), folder, size, scheme)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else Path("docs/screenshots"))

"""Takes the screenshots of the console for the documentation: `python tests/e2e/console_shots.py [FOLDER]`.

It starts a console of its own, with staff and referrals that are made up.
"""
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "e2e")]

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from referral_inbox import HERS, OTHER, Inbox  # noqa: E402
from shots import LAUNCH_ARGS, SIZES, find_chromium  # noqa: E402

SCHEMES = ("light", "dark")
PAGES = {
    "console-services": "/services", "console-service": "/services/herts-da-helpline",
    "console-wording": "/wording/utter_ask_refuge", "console-referrals": "/referrals",
}


def shoot(browser: Browser, inbox: Inbox, referral: str, folder: Path, size: str, scheme: str) -> None:
    """Every page in one size and one colour scheme."""
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, java_script_enabled=False)  # type: ignore[arg-type]
    staffer = inbox.staff("publisher", "manager", name="Robin Manager")
    token = staffer.http.cookies["console-session"]
    context.add_cookies([{"name": "console-session", "value": token, "url": inbox.console.url}])
    page = context.new_page()
    for name, path in PAGES.items():
        answer = page.goto(f"{inbox.console.url}{path}")
        assert answer is not None and answer.ok, (path, answer and answer.status)
        page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")
    _open(page, referral)
    page.screenshot(path=folder / f"console-referral-{size}-{scheme}.png")
    context.close()


def _open(page: Page, referral: str) -> None:
    page.get_by_role("link", name=f"Referral {referral[:6]}").first.click()
    page.get_by_role("button", name="Open it").click()


def main(folder: Path) -> None:
    """Takes them all into `folder`."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium found: install one, or set CHROMIUM to its path.")
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as keys, sync_playwright() as playwright:
        inbox = Inbox.start(Path(here), Path(keys))
        try:
            referral = inbox.came(outreach_area=HERS)
            inbox.came(outreach_area=OTHER)
            browser = playwright.chromium.launch(executable_path=chromium, args=LAUNCH_ARGS)
            for size in SIZES:
                for scheme in SCHEMES:
                    shoot(browser, inbox, referral, folder, size, scheme)
            browser.close()
        finally:
            inbox.console.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots")

"""The staff console's process. It alone reads the private key of referrals, and nothing of Rasa is in it."""
from __future__ import annotations

import sys

from launcher.parent import end_with_launcher
from outreach.privacy import logs
from outreach.settings import SettingsError, load


def main() -> None:
    """Serve until stopped. Exits with one line when it can't begin."""
    end_with_launcher()
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"console: {error}")
    logs.install(settings.log_level)
    from console.app import make_app
    from launcher import careful_http
    from outreach.privacy.key_files import KeyFileError

    try:
        app = make_app(settings)
    except KeyFileError as error:
        sys.exit(f"console: {error}")
    # A directory that is brought in may be large, and the line from an office slow.
    careful_http.prepare(app, receive_seconds=120)
    app.run(
        host=settings.host, port=settings.console_port, workers=1, access_log=False, motd=False,
        protocol=careful_http.CarefulProtocol,
    )


if __name__ == "__main__":
    main()

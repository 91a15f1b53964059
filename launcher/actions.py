"""The action server's process: on loopback alone, without the SDK's open CORS and its habit of echoing requests."""
from __future__ import annotations

import gc
import sys

from launcher.parent import end_with_launcher
from outreach.privacy import logs
from outreach.settings import SettingsError, load


def main() -> None:
    """Serve the package `actions` until stopped."""
    end_with_launcher()
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"actions: {error}")
    logs.install(settings.log_level)
    from rasa_sdk.endpoint import create_app

    app = create_app("actions", cors_origins=[])
    # What is there now stays: nobody has to look again and again whether it can be thrown away.
    gc.collect()
    gc.freeze()
    app.config.REQUEST_MAX_SIZE = 1024 * 1024
    # Longer than the assistant keeps a connection, so that it is never the server that closes one which is about to be used.
    app.config.KEEP_ALIVE_TIMEOUT = 75
    app.run("127.0.0.1", settings.actions_port, workers=1, access_log=False, motd=False)


if __name__ == "__main__":
    main()

"""The assistant's process: Rasa with this project's channels, and nothing of Rasa's HTTP API."""
from __future__ import annotations

import asyncio
import gc
import os
import re
import sys
from functools import partial
from pathlib import Path

from launcher.parent import PREPARED, end_with_launcher
from outreach.privacy import logs
from outreach.settings import ROOT, Settings, SettingsError, load

# A message is a row of a few hundred numbers: several threads spend most of their time, and the processor's, waiting.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Serve until stopped. Exits with 2 and one line when it can't begin."""
    end_with_launcher()
    # Before numpy is imported, which reads them once.
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        settings = load()
    except SettingsError as error:
        sys.exit(f"assistant: {error}")
    os.environ["ACTIONS_PORT"] = str(settings.actions_port)
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    from launcher.train import current_model

    model = current_model()
    if model is None:
        sys.exit("assistant: no current model; run `make train`")
    logs.install(settings.log_level)
    # What a start makes stays: looking again and again whether it can be thrown away is a tenth of the start.
    gc.disable()
    try:
        serve(str(model), settings)
    except Exception:
        if not _prepared():
            # The launcher has said why nothing starts, in one line.
            sys.exit(2)
        raise


def serve(model: str, settings: Settings) -> None:
    """Run Rasa's agent behind this project's channels, in this process."""
    from launcher import left_out

    left_out.install()
    from rasa.core import run
    from rasa.core.channels.channel import register
    from rasa.core.utils import AvailableEndpoints
    from sanic import Sanic

    from channels.everywhere import protect
    from channels.watching import watch
    from launcher import action_replies, careful_http, graph_runner, left_undone, rule_index

    os.chdir(ROOT)
    graph_runner.install()
    rule_index.install()
    left_undone.install()
    action_replies.install()
    _trust_the_model()
    endpoints = AvailableEndpoints.read_endpoints("endpoints.yml")
    inputs = run.create_http_input_channels(None, "credentials.yml")
    # Not Rasa's own app: that greets at the root with its name and version, and answers other origins.
    app = Sanic("outreach", configure_logging=False)
    register(inputs, app, route="/")
    protect(app, settings)
    watch(app, settings, version(), Path(model).name.partition(".")[0])
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.REQUEST_MAX_SIZE = 64 * 1024
    app.config.REQUEST_TIMEOUT = 15
    app.config.RESPONSE_TIMEOUT = 30
    app.config.KEEP_ALIVE_TIMEOUT = 15
    # Told to stop, it finishes its turns and takes no more: longer than one may take, shorter than the launcher waits.
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 9.0
    careful_http.prepare(app, receive_seconds=15)
    app.register_listener(partial(run.load_agent_on_start, model, endpoints, None), "before_server_start")
    app.register_listener(_begin, "before_server_start")
    app.register_listener(run.close_resources, "after_server_stop")
    app.run(
        host=settings.host, port=settings.port, workers=1, access_log=False, motd=False, backlog=1024,
        protocol=careful_http.CarefulProtocol,
    )


def _trust_the_model() -> None:
    """A model's domain was checked when it was trained. Rasa checks it again whenever it is loaded, which takes a while."""
    from rasa.shared.utils import validation

    validation.validate_yaml_schema = lambda *_: None


def _prepared() -> bool:
    """Wait until the launcher has prepared the database, where it still does; whether that went well."""
    pipe = os.environ.pop(PREPARED, None)
    if pipe is None:
        return True
    said = os.read(int(pipe), 1)
    os.close(int(pipe))
    return bool(said)


async def _begin(_app: object, loop: asyncio.AbstractEventLoop) -> None:
    """The last thing before the first request: nobody is served before the launcher has prepared the database."""
    await loop.run_in_executor(None, _prepared)
    gc.collect()
    gc.freeze()
    gc.enable()


def version() -> str:
    """The product's version, out of the file that has it."""
    found = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


if __name__ == "__main__":
    main()


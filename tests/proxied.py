"""The product behind the real nginx, with TLS: what `deploy/nginx/start` makes of it, on free ports of loopback."""
from __future__ import annotations

import datetime
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from running import ROOT, Person, free_port

CHAT, STAFF = "chat.charity.test", "staff.charity.test"
STARTS_WITHIN = 60


class Proxy:
    """nginx as it is deployed. What it is told in `environment` comes on top of what a test needs."""

    def __init__(self, workers: list[str], console: str = "127.0.0.1:9", **environment: str) -> None:
        # Not a test's own folder: that is closed to the user as whom nginx's workers run.
        self.folder = Path(tempfile.mkdtemp(prefix="outreach-proxy-"))
        self.folder.chmod(0o755)
        self.run, self.state, self.log = self.folder / "run", self.folder / "state", self.folder / "log.txt"
        self.certificate = certificate(self.folder)
        self.port, self.plain_port = free_port(), free_port()
        self.environment = {
            "PATH": f"{os.environ['PATH']}:/usr/sbin", "PUBLIC_URL": self.url, "CONSOLE_URL": self.console_url,
            "PROXY_WORKERS": " ".join(workers), "PROXY_CONSOLE": console,
            "PROXY_CERTIFICATE": str(self.certificate), "PROXY_CERTIFICATE_KEY": str(self.folder / "key.pem"),
            "PROXY_HTTP_PORT": str(self.plain_port), "PROXY_HTTPS_PORT": str(self.port),
            "PROXY_REQUESTS_PER_SECOND": "1000", "PROXY_RUN": str(self.run), "PROXY_STATE": str(self.state), **environment,
        }

    @property
    def url(self) -> str:
        return f"https://{CHAT}:{self.port}"

    @property
    def console_url(self) -> str:
        return f"https://{STAFF}:{self.port}"

    def start(self) -> Proxy:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [ROOT / "deploy" / "nginx" / "start"], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < until, self.printed()
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            return self.get("/chat/exit").status_code == 303
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def switch(self, *what: str) -> subprocess.CompletedProcess[str]:
        """`deploy/switch`, as an operator types it."""
        return subprocess.run(
            [ROOT / "deploy" / "switch", *what], env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def client(self, url: str = "", **options: Any) -> httpx.Client:
        """A browser: it knows the name, and trusts the certificate and no other."""
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=url or self.url, transport=ByName(verify=trusted), timeout=20, follow_redirects=False, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def ask(self, method: str, path: str, url: str = "", **options: Any) -> httpx.Response:
        with self.client(url) as client:
            return client.request(method, path, **options)

    def plain(self, path: str, host: str) -> httpx.Response:
        """Over plain HTTP."""
        return httpx.get(f"http://127.0.0.1:{self.plain_port}{path}", headers={"Host": host}, timeout=5)

    def person(self) -> Person:
        """Somebody who comes in through the proxy."""
        return Through(self)


class Through(Person):
    def __init__(self, proxy: Proxy) -> None:
        self.http = proxy.client()
        begun = self.http.post("/chat/api/session").json()
        self.token, self.last = begun["session"], begun["messages"]


class ByName(httpx.HTTPTransport):
    """Finds every name on loopback, as a test has no name server."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # A request of its own, or the browser would keep its cookies under the wrong name.
        found = httpx.Request(
            request.method, request.url.copy_with(host="127.0.0.1"), headers=request.headers, stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return super().handle_request(found)


def certificate(folder: Path) -> Path:
    """A certificate for both names, that nobody but the tests trusts, beside its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CHAT)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName(CHAT), x509.DNSName(STAFF)])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2)).add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))
    (folder / "chain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return folder / "chain.pem"


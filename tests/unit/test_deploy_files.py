"""What stands in deploy/ holds what it promises: nothing runs as root, nothing but the proxy is reached, no secret is in an image."""
from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from outreach.settings import ROOT, SETTINGS

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("outreach-app")]
NAMES = {setting.name for setting in SETTINGS}
SECRET = {setting.name for setting in SETTINGS if setting.secret}
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SCRIPTS = [DEPLOY / name for name in ("backup", "restore", "switch", "make-secrets", "nginx/start")]
PROXYS_OWN = {name for name in re.findall(r"^(PROXY_\w+)=", (DEPLOY / "nginx" / "proxy.env").read_text(encoding="utf-8"), re.MULTILINE)}
# Of the images of others, and of Python.
NOT_OURS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE"}
OF_PYTHON = {"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HOME", "RASA_TELEMETRY_ENABLED", "SQLALCHEMY_SILENCE_UBER_WARNING"}


def is_known(name: str) -> bool:
    return name in NAMES - SECRET or name in PROXYS_OWN or name.removesuffix("_FILE") in SECRET


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_root_no_capability_and_nothing_to_write(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"] and not service.get("privileged")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", service["user"])
    assert "network_mode" not in service and "pid" not in service
    # Only volumes of its own: nothing of the machine's own files.
    assert all(volume.split(":")[0] in COMPOSE["volumes"] for volume in service.get("volumes", []))
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_says_whether_it_is_well(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check == {"disable": True} if "profiles" in SERVICES[name] else check["test"][0] == "CMD"


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] and COMPOSE["networks"]["data"]["internal"]
    reached_from_outside = {name for name, service in SERVICES.items() if "front" in service["networks"]}
    assert reached_from_outside == {"proxy"} and "data" not in SERVICES["proxy"]["networks"]
    # Only what tells teams reaches out.
    assert [name for name, service in SERVICES.items() if "out" in service["networks"]] == ["deliverer"]


def test_the_proxy_knows_the_workers_by_address() -> None:
    fixed = {name: service["networks"]["inside"]["ipv4_address"] for name, service in SERVICES.items() if "inside" in service["networks"]}
    assert SERVICES["proxy"]["environment"]["PROXY_WORKERS"] == f"{fixed['assistant-a']}:8080 {fixed['assistant-b']}:8080"
    assert SERVICES["proxy"]["environment"]["PROXY_CONSOLE"] == f"{fixed['console']}:8081"


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_container_is_told_is_a_setting_and_no_secret(name: str) -> None:
    service = SERVICES[name]
    told = service.get("environment", {})
    assert {each for each in told if not is_known(each)} <= NOT_OURS
    for each, value in told.items():
        if each.endswith("_FILE") and str(value).startswith("/run/secrets/"):
            assert Path(value).name in service["secrets"], each
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_only_the_console_and_the_backup_get_to_the_private_key() -> None:
    assert [name for name, s in SERVICES.items() if any(v.startswith("console-keys:") for v in s.get("volumes", []))] == ["console", "backup"]


def test_an_assistant_and_its_action_server_are_in_one_container() -> None:
    assert SERVICES["assistant-a"]["command"] == SERVICES["assistant-b"]["command"] == ["actions", "assistant"]


def test_no_layer_can_hold_a_secret_or_data() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert ignored[1] == "*", "everything is left out that is not let in"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert let_in.isdisjoint({".env", "var", "models", ".git", "tests"}) and all((ROOT / each).exists() for each in let_in)
    assert {"deploy/secrets", "deploy/*.env"} <= set(ignored)
    container = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert not re.search(r"^(?:ARG|ADD)\b", container, re.MULTILINE)
    # Each image that runs ends as somebody who is not root.
    for stage in container.split("\nFROM ")[2:]:
        assert re.findall(r"^USER (\S+)", stage, re.MULTILINE)[-1].split(":")[0].isdigit()


def test_passwords_are_made_once_and_fit_together(tmp_path: Path) -> None:
    for _ in range(2):
        subprocess.run([DEPLOY / "make-secrets", tmp_path / "secrets"], check=True, capture_output=True)
    made = {file.name: file.read_text(encoding="utf-8").strip() for file in (tmp_path / "secrets").iterdir()}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert made["database_url"] == f"postgresql://outreach:{made['database_password']}@database/outreach"
    assert len(made["database_password"]) == 48
    password = re.search(r"^requirepass (\w+)$", made["redis_conf"], re.MULTILINE)
    assert password and made["redis_url"] == f"redis://:{password[1]}@redis:6379/0"
    wanted = {Path(each["file"]).name for each in COMPOSE["secrets"].values()}
    assert wanted - set(made) == {"tls_chain", "tls_key", "backup_public_key"}, "and those are the operator's"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_gives_away_nothing(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    lines = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"\w+=", line))
    for hardening in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelModules", "RestrictNamespaces"):
        assert lines[hardening] == "yes", hardening
    assert lines["ProtectSystem"] == "strict" and lines["SystemCallFilter"] == "@system-service"
    allowed = {"outreach-proxy.service": "CAP_NET_BIND_SERVICE", "outreach-backup.service": "CAP_DAC_READ_SEARCH"}
    assert lines["CapabilityBoundingSet"] == allowed.get(unit.name, "")
    assert (lines["User"] == "root") == (unit.name == "outreach-backup.service")
    told = [name for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE) for name in re.findall(r"(\w+)=", line)]
    assert [name for name in told if not is_known(name) and name not in OF_PYTHON] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for file in (DEPLOY / "systemd").glob("outreach-*"):
        # Where it will lie there is nothing yet, so the checkout stands for it.
        (tmp_path / file.name).write_text(re.sub(r"/opt/outreach/(?:current|%i)", str(ROOT), file.read_text(encoding="utf-8")))
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0 and "outreach" not in done.stderr, done.stderr


@pytest.mark.parametrize("file", ["outreach.env.example", "systemd/common.env", "nginx/proxy.env"])
def test_an_example_names_settings_alone_and_no_secret(file: str) -> None:
    text = (DEPLOY / file).read_text(encoding="utf-8")
    assert [name for name in re.findall(r"^([A-Z_]+)=", text, re.MULTILINE) if not is_known(name)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_can_be_run_and_read(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)


def test_every_setting_of_the_proxy_is_in_its_example() -> None:
    used = set(re.findall(r"PROXY_[A-Z_]+", (DEPLOY / "nginx" / "start").read_text(encoding="utf-8")))
    assert used == PROXYS_OWN

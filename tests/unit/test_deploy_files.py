"""What stands in deploy/ holds what it promises: nothing runs as root, nothing but the proxy is reached, no secret is in an image."""
from __future__ import annotations

import ipaddress
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from launcher.train import _MADE_FROM, _MADE_FROM_FOLDERS
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


def test_the_database_and_redis_are_found_without_asking_for_a_name() -> None:
    """Docker looks outside for the name of a container that is stopped, for 20 seconds."""
    told = dict(each.split(":") for each in COMPOSE["x-app"]["extra_hosts"])
    assert set(told) == {"database", "redis"}
    assert {name: SERVICES[name]["networks"]["data"]["ipv4_address"] for name in told} == told
    assert all(SERVICES[name]["extra_hosts"] == COMPOSE["x-app"]["extra_hosts"] for name in OURS)
    # Nobody else can be given their address meanwhile.
    (config,) = COMPOSE["networks"]["data"]["ipam"]["config"]
    given_out = ipaddress.ip_network(config["ip_range"])
    assert given_out.subnet_of(ipaddress.ip_network(config["subnet"]))  # type: ignore[arg-type]
    assert not any(ipaddress.ip_address(address) in given_out for address in told.values())


def test_a_second_container_of_a_service_is_started_only_where_it_has_no_address_of_its_own() -> None:
    """`docker compose run` beside the one that runs would want the same address."""
    fixed = {name for name, s in SERVICES.items() if any("ipv4_address" in network for network in s["networks"].values())}
    for file in (ROOT / "docs" / "operations.md", DEPLOY / "compose.yml"):
        ran = re.findall(r"docker compose run (?:-\S+ (?:tar |FOLDER\S+ )?)*(\S+)", file.read_text(encoding="utf-8").replace("\n", " "))
        assert ran and set(ran) <= set(SERVICES) - fixed, file.name


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_container_is_told_is_a_setting_and_no_secret(name: str) -> None:
    service = SERVICES[name]
    told = service.get("environment", {})
    assert {each for each in told if not is_known(each)} <= NOT_OURS
    for each, value in told.items():
        if each.endswith("_FILE") and str(value).startswith("/run/secrets/"):
            assert Path(value).name in service["secrets"], each
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_only_the_console_and_backups_get_to_the_private_key() -> None:
    volumes = {name: [v for v in service.get("volumes", []) if v.startswith("console-keys:")] for name, service in SERVICES.items()}
    # A restore puts it back.
    assert [name for name, found in volumes.items() if found] == ["console", "backup", "restore"]
    assert volumes["backup"] == ["console-keys:/keys/console:ro"]


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


def test_an_image_has_everything_that_the_product_reads() -> None:
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    code = [file for part in ("actions", "channels", "components", "console", "launcher", "outreach") for file in (ROOT / part).rglob("*.py")]
    read = {name for file in code for name in re.findall(r'\bROOT / "([^"/]+)"', file.read_text(encoding="utf-8"))}
    # What is trained in the image, and what is mounted.
    assert "pyproject.toml" in read and read - {"models", "var"} <= let_in
    assert {*_MADE_FROM, *(folder.split("/")[0] for folder in _MADE_FROM_FOLDERS)} <= let_in


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
    assert wanted == set(made)
    # What the operator copies there keeps its mode, and can be read by the container's user, as all the others.
    yours = tmp_path / "key.pem"
    yours.write_text("key", encoding="utf-8")
    yours.chmod(0o600)
    subprocess.run(["cp", yours, tmp_path / "secrets" / "tls_key"], check=True)
    assert {stat.S_IMODE(file.stat().st_mode) & 0o444 for file in (tmp_path / "secrets").iterdir()} == {0o444}


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


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_what_a_unit_sets_is_not_set_again_by_a_file(unit: Path) -> None:
    """What stands in a file of settings counts, and not what stands in the unit."""
    text = unit.read_text(encoding="utf-8")
    told = {name for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE) for name in re.findall(r"(\w+)=", line)}
    examples = {"common.env": "systemd/common.env", "proxy.env": "nginx/proxy.env"}
    for file in re.findall(r"^EnvironmentFile=/etc/outreach/(\w+\.env)$", text, re.MULTILINE):
        assert not told & set(re.findall(r"^(\w+)=", (DEPLOY / examples[file]).read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_needs_no_folder_that_nobody_made_and_is_never_given_up(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert "ReadWritePaths" not in text and re.search(r"^StateDirectory=outreach", text, re.MULTILINE)
    # Five starts that fail within ten seconds, and systemd would leave it down.
    assert ("StartLimitIntervalSec=0" in text) == ("Restart=always" in text)


def test_the_certificate_is_read_anew_by_a_reload() -> None:
    """A credential is a copy that is made at the start."""
    assert "LoadCredential=" not in (DEPLOY / "systemd" / "outreach-proxy.service").read_text(encoding="utf-8")
    # Who reloads may bind to the ports, or nginx refuses every configuration.
    assert "--ambient-caps=+net_bind_service" in (DEPLOY / "switch").read_text(encoding="utf-8")


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


def test_an_example_keeps_its_quotes() -> None:
    """systemd, the shell and Compose all take the outer ones away."""
    found = re.search(r"^FRAME_ANCESTORS=(.*)$", (DEPLOY / "nginx" / "proxy.env").read_text(encoding="utf-8"), re.MULTILINE)
    assert found and shlex.split(found[1]) == ["'self'"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_can_be_run_and_read(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)


def test_every_setting_of_the_proxy_is_in_its_example() -> None:
    used = set(re.findall(r"PROXY_[A-Z_]+", (DEPLOY / "nginx" / "start").read_text(encoding="utf-8")))
    assert used == PROXYS_OWN

"""References, keys, sealing, and by when somebody answers."""
from __future__ import annotations

import base64
import re
import stat
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey

from outreach import bootstrap
from outreach.privacy.key_files import KeyFileError, read_private, secret_key
from outreach.privacy.sealing import CannotOpen, Opener, Sealer, SealingError, opener, sealer
from outreach.referrals.reference import ALPHABET, References, find_in, is_right
from outreach.referrals.working_days import answer_by
from outreach.settings import ROOT

REFERENCES = References(b"k" * 32)
FORM_KEYS = st.text(min_size=16, max_size=40)


@given(FORM_KEYS)
def test_a_reference_is_found_however_it_is_spelled(form_key: str) -> None:
    reference = next(REFERENCES.for_form(form_key))
    together = reference.replace("-", "")
    spellings = [
        reference, together, reference.lower(), " ".join(together), reference.replace("-", " "),
     f"my ref is {reference.lower()} thanks",
        f"ref:{together}.", together.replace("0", "O").replace("1", "l"), f"it's {reference.replace('-', ' – ')}",
    ]
    assert {find_in(each) for each in spellings} == {reference}
    assert len({REFERENCES.hash(each) for each in (reference, together, reference.lower())}) == 1


@given(FORM_KEYS)
def test_any_slip_and_any_two_exchanged_are_noticed(form_key: str) -> None:
    right = next(REFERENCES.for_form(form_key)).replace("-", "")
    for at in range(10):
        for character in ALPHABET:
            assert character == right[at] or not is_right(right[:at] + character + right[at + 1 :])
        for other in range(at):
            changed = list(right)
            changed[at], changed[other] = changed[other], changed[at]
            assert right[at] == right[other] or not is_right("".join(changed))


def test_no_reference_is_a_word_and_no_sentence_a_reference() -> None:
    for number in range(300):
        assert not set("AEIOUL") & set(next(REFERENCES.for_form(f"form-{number:012}")))
    for words in ("please take back my request now", "i want to withdraw it", "my details", "hello 07400 123456"):
        assert find_in(words) is None


def test_a_reference_says_nothing_without_the_key() -> None:
    one, other = REFERENCES, References(b"o" * 32)
    reference = next(one.for_form("f" * 20))
    assert next(other.for_form("f" * 20)) != reference
    assert one.hash(reference) != other.hash(reference)
    assert next(one.for_form("f" * 20)) == reference


def test_what_is_sealed_opens_with_its_key_alone() -> None:
    mine, other = PrivateKey.generate(), PrivateKey.generate()
    sealed = Sealer(mine.public_key).seal(b"said")
    assert b"said" not in sealed and Sealer(mine.public_key).seal(b"said") != sealed
    assert Opener([other, mine]).open(sealed) == b"said"
    with pytest.raises(CannotOpen):
        Opener([other]).open(sealed)
    for spoiled in (b"", b"\x01", sealed[:-1], sealed[:30], b"\x02" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(CannotOpen):
            Opener([mine]).open(spoiled)


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


def test_the_last_public_key_seals_from_a_file_or_from_the_setting_itself(tmp_path: Path) -> None:
    old, new = PrivateKey.generate(), PrivateKey.generate()
    keys = [encoded(bytes(each.public_key)) for each in (old, new)]
    file = tmp_path / "referral.pub"
    file.write_text(f"# the teams' keys\n{keys[0]}  # old\n\n{keys[1]}\n")
    for setting in (str(file), ",".join(keys), " ".join(keys)):
        assert Opener([new]).open(sealer(setting).seal(b"x")) == b"x"


@pytest.mark.parametrize("text", ["", "# nothing\n", "no key\n", encoded(b"short") + "\n"])
def test_a_spoiled_public_key_is_said_to_be_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "referral.pub"
    file.write_text(text)
    with pytest.raises(SealingError):
        sealer(str(file))


def test_private_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "referral.key"
    file.write_text(encoded(bytes(PrivateKey.generate())))
    file.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        opener(file)
    file.chmod(0o600)
    opener(file)


def test_a_secret_key_is_made_once_for_all_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "reference.key"
    found: list[bytes] = []
    workers = [threading.Thread(target=lambda: found.append(secret_key(file))) for _ in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 16 and len(set(found)) == 1 and len(found[0]) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["reference.key"]


@pytest.mark.parametrize("text", ["", "zz", "ab"])
def test_a_spoiled_secret_key_is_never_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "reference.key"
    file.write_text(text)
    with pytest.raises(KeyFileError):
        secret_key(file)
    assert file.read_text() == text


def make_keys(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/keys.py", "--folder", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_make_keys_makes_a_pair_and_rotates_it(tmp_path: Path) -> None:
    assert make_keys(tmp_path).returncode == 0
    public, private = tmp_path / "referral.pub", tmp_path / "referral.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    early = sealer(str(public)).seal(b"early")
    made = make_keys(tmp_path)
    late = sealer(str(public)).seal(b"late")
    assert early[:9] != late[:9]
    assert [opener(private).open(each) for each in (early, late)] == [b"early", b"late"]
    keys = [line.split()[0] for line in read_private(private).splitlines()]
    assert len(keys) == 2 and not any(key in made.stdout + made.stderr for key in keys)
    # What is carried to the assistant's machine is printed: in a container nobody sees the file.
    printed = re.search(r"^for REFERRAL_PUBLIC_KEYS elsewhere: (\S+)$", made.stdout, re.MULTILINE)
    assert printed and sealer(printed[1]).seal(b"late")[:9] == late[:9]


def test_without_a_public_key_referrals_are_not_offered_and_with_one_they_are_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = tmp_path / "referral.pub"
    monkeypatch.setenv("REFERRAL_PUBLIC_KEYS", str(public))
    monkeypatch.setenv("REFERENCE_KEY_FILE", str(tmp_path / "reference.key"))
    bootstrap.forget_everything_built()
    try:
        assert "public key" in str(bootstrap.referrals_offered())
        assert bootstrap.sealer() is None
        public.write_text(encoded(bytes(PrivateKey.generate().public_key)))
        assert bootstrap.referrals_offered() is None
        public.write_text("spoiled")
        assert bootstrap.referrals_offered() is not None
    finally:
        bootstrap.forget_everything_built()


def test_the_assistant_never_names_the_private_keys() -> None:
    """Only the staff's side may open: neither the channels, components, actions nor the launcher know how."""
    words = ("referral_opener", "referral_private_keys", "sealing.opener", "Opener(", "PrivateKey")
    files = [file for part in ("channels", "components", "actions", "launcher") for file in (ROOT / part).rglob("*.py")]
    assert [f"{file.name}: {word}" for file in files for word in words if word in file.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        ("2026-11-21T20:00", "by the end of Tuesday 24 November"),  # a Saturday
        ("2026-11-23T09:00", "by the end of Wednesday 25 November"),
        ("2026-11-26T23:30", "by the end of Monday 30 November"),
        ("2026-12-23T12:00", "by the end of Tuesday 29 December"),  # Christmas Day, and a Monday in place of Boxing Day
        ("2026-12-31T12:00", "by the end of Tuesday 5 January"),
        ("2027-03-25T12:00", "by the end of Wednesday 31 March"),  # Easter
        ("2026-08-28T12:00", "by the end of Wednesday 2 September"),  # the summer bank holiday
    ],
)
def test_the_answer_comes_in_two_working_days(now: str, sentence: str) -> None:
    assert answer_by(datetime.fromisoformat(now).replace(tzinfo=timezone.utc), 2).sentence == sentence


def test_the_day_is_london_s_day() -> None:
    late_in_summer = datetime(2026, 6, 30, 23, 30, tzinfo=timezone.utc)  # already Wednesday 1 July there
    assert answer_by(late_in_summer, 2).sentence == "by the end of Friday 3 July"

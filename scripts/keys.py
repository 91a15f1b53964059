"""`make keys`: a pair of keys for referrals. Where there are some already, the new one seals from now on, and the old ones
are kept for reading what they sealed."""
from __future__ import annotations

import argparse
import base64
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nacl.public import PrivateKey

from outreach.privacy.key_files import KeyFileError, read_private, write_private
from outreach.privacy.sealing import key_id
from outreach.settings import SettingsError, load


def add_pair(public_file: Path, private_file: Path) -> str:
    """Add a pair to the two files, the private one first, and give its name. Raises KeyFileError."""
    kept = read_private(private_file).rstrip() if private_file.exists() else ""
    known = public_file.read_text(encoding="ascii").rstrip() if public_file.exists() else ""
    key = PrivateKey.generate()
    name = key_id(key.public_key)
    note = f"  # {name}, made {date.today().isoformat()}"
    # In this order, so that nothing is ever sealed for a key that is not kept.
    write_private(private_file, "\n".join(filter(None, (kept, _line(bytes(key)) + note))))
    write_private(public_file, "\n".join(filter(None, (known, _line(bytes(key.public_key)) + note))))
    public_file.chmod(0o644)
    return name


def _line(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def main() -> int:
    """Make a pair in the places that the settings name, or in a folder."""
    parser = argparse.ArgumentParser(prog="make keys", description=__doc__)
    parser.add_argument("--folder", type=Path, help="put both files there, to carry the public one to the assistant's machine")
    chosen = parser.parse_args()
    try:
        settings = load()
        if chosen.folder:
            public, private = chosen.folder / "referral.pub", chosen.folder / "referral.key"
        else:
            public, private = Path(settings.referral_public_keys), settings.referral_private_keys
        name = add_pair(public, private)
        seals = public.read_text(encoding="ascii").splitlines()[-1].split()[0]
    except (SettingsError, KeyFileError, OSError) as error:
        sys.stderr.write(f"keys: {error}\n")
        return 2
    print(f"keys: made {name}; it seals from now on\npublic:  {public}\nprivate: {private}")
    print(f"for REFERRAL_PUBLIC_KEYS elsewhere: {seals}")
    print("Keep a copy of the private file where only the teams can reach it: what it opens is lost without it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

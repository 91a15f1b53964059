"""Open Referral UK files as another directory would send them."""
from __future__ import annotations

import json
import random
import uuid

AREAS = ("Watford", "Three Rivers", "Dacorum", "Stevenage", "Hertfordshire", "UK")


def hsds_file(services: int, name: str = "Made-up service") -> bytes:
    """So many services, the same each time, with numbers, hours and areas."""
    chance = random.Random(7)

    def made() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    return json.dumps([
        {
            "id": made(), "name": f"{name} {number}", "status": "active",
            "description": f"Help number {number} for people in the county, with as many words as such things have.",
            "url": f"https://example.org/{number}", "email": f"help{number}@example.org",
            "organization": {"id": made(), "name": f"Organisation {number % 50}", "description": "An organisation"},
            "phones": [
                {"id": made(), "number": f"01923 {200000 + 7 * number:06d}", "type": "voice"},
                {"id": made(), "number": f"07400 {100000 + number:06d}", "type": "text"},
            ],
            "schedules": [
                {"id": made(), "freq": "WEEKLY", "byday": "MO,TU,WE,TH,FR", "opens_at": "09:00", "closes_at": "17:00"},
            ],
            "service_areas": [{"id": made(), "name": AREAS[number % len(AREAS)]}],
            "languages": [{"id": made(), "name": "English"}],
            "eligibility_description": "adults", "fees_description": "free",
        }
        for number in range(services)
    ]).encode()  # fmt: skip

"""What staff call each topic, and each list of services."""
from __future__ import annotations

from outreach import bootstrap
from outreach.wording.replies import PREFIX


def topic_names() -> dict[str, str]:
    """The names by topic, as the wording's pages have them."""
    return {reply.key.removeprefix(PREFIX): reply.name for reply in bootstrap.wording_desk().replies.all}

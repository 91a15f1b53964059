"""What can be recorded: each action with the keys that its before and after may hold.

An action that is not here, or a key that its action does not name, is refused. So nobody can write a person's details into
the audit by passing on too much. Nothing here may hold personal data of somebody who asks for help: no name, number, answer
or note. Staff are named by the id of their account.
"""
from __future__ import annotations

from collections.abc import Mapping

# What the changes of a service or a reply are told with. `document` is the whole of what the public may come to see.
_CONTENT = frozenset({"version", "state", "document", "changes", "reason", "due_at", "text", "buttons", "note"})
_PERSON = frozenset({"roles", "areas", "renamed"})
_FILE = frozenset({"format", "digest", "added", "changed", "unchanged", "refused"})
_NOTHING: frozenset[str] = frozenset()

ACTIONS: Mapping[str, tuple[str, frozenset[str]]] = {
    # People and coming in
    "staff.first_manager": ("became the first manager", _PERSON),
    "staff.manager_added": ("became a manager by a link from the command line", _PERSON),
    "staff.invited": ("invited", _PERSON),
    "staff.joined": ("joined by a link", _NOTHING),
    "staff.changed": ("changed roles, areas or name of", _PERSON),
    "staff.disabled": ("turned off the account of", frozenset({"disabled"})),
    "staff.enabled": ("turned on the account of", frozenset({"disabled"})),
    "staff.link_made": ("made a new one-time link for", _NOTHING),
    "staff.sign_in_reset": ("reset the password and second factor of", _NOTHING),
    "staff.sessions_ended": ("signed out everywhere", _NOTHING),
    "staff.signed_in": ("signed in", frozenset({"with"})),
    "staff.signed_out": ("signed out", _NOTHING),
    "staff.tries_used_up": ("used up the tries to sign in as", _NOTHING),
    "staff.password_changed": ("changed their own password", _NOTHING),
    "staff.factor_changed": ("moved their own codes to another phone", _NOTHING),
    "staff.recovery_codes_made": ("made new recovery codes", _NOTHING),
    # Services
    "service.drafted": ("drafted a change to", _CONTENT),
    "service.submitted": ("asked for a check of", _CONTENT),
    "service.approved": ("approved", _CONTENT),
    "service.rejected": ("sent back", _CONTENT),
    "service.published": ("published", _CONTENT),
    "service.scheduled": ("scheduled", _CONTENT),
    "service.unscheduled": ("took off the schedule", _CONTENT),
    "service.withdrawn": ("withdrew from the public list", _CONTENT),
    "service.rolled_back": ("went back to an earlier version of", _CONTENT),
    "service.assured": ("confirmed with the service", _CONTENT | {"assured_date", "assurer", "way"}),
    # Which services an answer offers
    "signposting.changed": ("changed which services are offered for", frozenset({"services"})),
    # Wording
    "wording.drafted": ("drafted wording for", _CONTENT | {"channel"}),
    "wording.submitted": ("asked for a check of wording for", _CONTENT | {"channel"}),
    "wording.published": ("published wording for", _CONTENT | {"channel"}),
    "wording.rejected": ("sent back wording for", _CONTENT | {"channel"}),
    "wording.rolled_back": ("went back to earlier wording for", _CONTENT | {"channel"}),
    "wording.retired": ("went back to the product's own wording for", _CONTENT | {"channel"}),
    # Referrals: by id, never what is in them
    "referral.listed": ("looked at the list of referrals", frozenset({"areas", "filter", "count"})),
    "referral.opened": ("opened referral", frozenset({"state", "area"})),
    "referral.refused": ("was refused referral", frozenset({"area"})),
    "referral.acknowledged": ("acknowledged referral", frozenset({"state"})),
    # In which way, and what came of it, would tell of the person: that is sealed.
    "referral.attempted": ("tried to make contact about referral", _NOTHING),
    "referral.passed_on": ("passed on referral", frozenset({"team", "reason"})),
    "referral.closed": ("closed referral", frozenset({"state", "outcome"})),
    "referral.withdrawn": ("withdrew, for the person, referral", frozenset({"state"})),
    "referral.left_alone": ("gave notice that nobody has done anything about referral", frozenset({"state", "delete_at"})),
    "referral.purged": ("deleted for good referral", frozenset({"state", "reason", "count"})),
    # Bringing in and taking out
    "exchange.exported": ("took out the directory", frozenset({"format", "profile", "count"})),
    "exchange.checked": ("looked at a file to bring in", _FILE),
    "exchange.imported": ("brought in a file", _FILE),
}


class NotDeclared(ValueError):
    """Something was to be recorded that `ACTIONS` does not allow. The message names the action or the keys, no values."""


def check(action: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None) -> None:
    """Raise NotDeclared unless the action is known and holds nothing but its own keys."""
    if action not in ACTIONS:
        raise NotDeclared(f"the audit knows no action {action!r}")
    unknown = {*(before or {}), *(after or {})} - ACTIONS[action][1]
    if unknown:
        raise NotDeclared(f"{action!r} may not record {', '.join(sorted(unknown))}")

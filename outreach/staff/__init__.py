"""Staff: who may come into the console, and what each may do there."""

from outreach.staff.roles import Role, Staff

__all__ = ["Role", "Staff"]

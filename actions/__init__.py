"""Custom actions, one a file: each reads slots, calls one function of `outreach`, utters, and returns events."""

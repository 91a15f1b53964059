"""The audit: who did what, when, and what it was before and after. It only grows, and a change to it shows."""

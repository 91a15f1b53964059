"""The doors: each verifies who speaks, passes the message on, and renders the answer."""

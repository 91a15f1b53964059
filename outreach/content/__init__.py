"""Staff's content: reading it from files, checking it, and putting it into the database."""

"""What can be said about a message's meaning without Rasa: its parts, and which of them counts most."""

"""What Rasa loads into itself: understanding, wording, the conversation store and its locks."""

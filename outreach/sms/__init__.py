"""Text messages: the alphabet, the pages, the words that mean something, and what is kept of a thread. No channel, no Rasa."""

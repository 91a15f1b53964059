"""With consent, and only then: from a person's answers to the team of their area, sealed all the way."""

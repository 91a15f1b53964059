"""How staff change what the assistant says: versions, drafts, review by a second person, publishing and going back."""

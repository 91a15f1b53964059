"""Wording as staff work on it: the replies that come with the product, what each is held to, versions, and previews."""

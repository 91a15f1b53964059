"""The inside of the assistant: what it knows and decides. It knows neither Rasa nor Sanic (docs/adr/0002-layout.md)."""

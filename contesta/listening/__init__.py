"""Listening to conversations that go on, and whispering to their advisers."""

"""Text messages: what they cost, whom they may go to and when, and what they say. Pure."""

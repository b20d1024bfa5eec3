"""What advisers learn: tests of what they know, and the sessions that train them."""

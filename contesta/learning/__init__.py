"""What advisers learn, as people and programs are told of it."""

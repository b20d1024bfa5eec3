"""What a caller hears: dialogs, prompts, and the server that runs the call scripts."""

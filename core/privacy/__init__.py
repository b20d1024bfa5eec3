"""What the law asks for personal data, as rules: how long they stay, whose they are, what is due when. Pure."""

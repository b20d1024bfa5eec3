"""What a good contact is, in a matrix; audits by it, what they come to, which contacts are audited, who agrees."""

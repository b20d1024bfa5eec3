"""A line as its entity describes it: one file, read, checked as a whole, drawn. Pure."""

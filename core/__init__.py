"""The vocabulary every floor shares: call events, telephone numbers, errors. Pure: no wire, no table, no clock."""

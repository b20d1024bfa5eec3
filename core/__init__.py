"""What every floor shares: call events, telephone numbers, calendars, written files, errors. No wire, no table, no clock."""

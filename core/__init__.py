"""What every floor shares: events, telephone numbers, calendars, written files, errors. No wire, table or clock."""

"""A small SIP telephone: the scripted callers and advisers of contesta call, demo and the tests."""

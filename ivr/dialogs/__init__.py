"""What callers are asked: each dialog a function over a `Caller` that returns its outcome. Pure.

A caller who hangs up ends any of them with CallEndedError, which is caught once, outside. What was answered before is
noted already.
"""

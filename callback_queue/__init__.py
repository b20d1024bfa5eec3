"""Calls promised to citizens: one store, one state machine, for all that they come from.

    request   what a promised call is: `CallbackRequest`, and `Asked`, the wish that it begins with
    states    all that can happen to it: events, `TRANSITIONS`, `advance`
    policy    when it may be dialled, and what follows a result, by the line's file (`ivr.line.callbacks`)
    intake    a new request, or a part of the open one of the same telephone and line
    progress  what the ledger's facts say of an attempt that goes on
    worker    dials what is due, and follows each attempt to its end
    mailbox_… what callers leave in the mailbox, on the disk until the store has it

The store is `storage.callbacks.Callbacks`; lists and the funnel are `storage.callback_list.CallbackLists`. Both block:
asynchronous code calls them in threads. How others use them:

* Whoever has a wish (the public page, a campaign's row, an appointment) calls `ask(Asked(…), rules, now)`; `rules` are
  `Rules(policy=line.callbacks, calendar=line.calendar)`. `origin` is what makes it happen once: "web:" and the
  idempotency key, "campaign:7:123". The answer has the request, its filing number and code (`request.filing`), and
  whether it joined an older one. An appointment is `Source.APPOINTMENT` with a `Window`; `policy.appointment` tells
  whether a window has an allowed moment.
* The citizen follows it by `filed(number, code)`, which gives None for a wrong number and a wrong code alike.
* What somebody does to it is an event of `states` given to `step(id, event, now)`: `Cancelled`, `Rescheduled`,
  `Amended`, `Completed`. `IllegalStepError` says that it cannot be done any more, for instance while it is dialled.
* The adviser's desk finds the request of a call by `of_channel(call_id)`, and saves how it came out with `Typified`; a
  next call is another `ask`.
* `leave_alone(telephone, …)` keeps a telephone from being called unasked.
"""

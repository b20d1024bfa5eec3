"""Expected wait against what callers of simulated days then waited, beside the rule of Asterisk's `holdtime`.

`holdtime` is app_queue's moving average: three quarters of what it was, a quarter of the last answered caller's wait.
The estimate sees what the call scripts see: who waits and talks, the last conversations, who gave up of late. Error is
the mean of |told - waited| over all callers who had to wait; the ratio is ours over Asterisk's, below 1 is better.
"""

from bisect import bisect_right
from dataclasses import dataclass

from bench._simulated_days import Caller, Course, Day, run
from quality.metrics.expected_wait import Recent, Staffing, expected_wait

DAYS = 20
RECENT_TALKS = 100
RECENT_SECONDS = 3600.0

KINDS = {
    "calm day, 8 advisers": Day(calls=(24,) * 36, advisers=(8,) * 36),
    "rush at ten and at two": Day(calls=(16,) * 8 + (44,) * 6 + (16,) * 10 + (40,) * 6 + (12,) * 6, advisers=(9,) * 36),
    "lunch with half the advisers": Day(calls=(26,) * 36, advisers=(9,) * 16 + (5,) * 4 + (9,) * 16),
    "overloaded all day": Day(calls=(36,) * 36, advisers=(7,) * 36, patience_seconds=900),
    "small line, 2 advisers": Day(calls=(7,) * 36, advisers=(2,) * 36),
    "long and uneven conversations": Day(calls=(14,) * 36, advisers=(9,) * 36, talk_seconds=480, spread=1.3),
}


@dataclass(slots=True)
class Error:
    """How far off one rule was, over the callers it was told to."""

    told: int = 0
    absolute: float = 0.0
    inside: int = 0

    @property
    def mean(self) -> float:
        """Seconds; not a number without callers."""
        return self.absolute / self.told if self.told else float("nan")


def recent(course: Course, ends: list[float], caller: Caller) -> Recent:
    known = bisect_right(ends, caller.at)
    since = caller.at - RECENT_SECONDS
    gone = [wait for at, wait in course.given_up if since <= at <= caller.at]
    served = [one.served_at - one.at for one in course.callers if one.served_at and since <= one.served_at <= caller.at]
    return Recent(
        handle_seconds=[length for _, length in course.talks[max(0, known - RECENT_TALKS) : known]],
        abandoned=len(gone),
        waited_seconds=sum(gone) + sum(served),
    )


def measure(day: Day, days: int = DAYS) -> tuple[Error, Error]:
    ours, asterisk = Error(), Error()
    for seed in range(days):
        course = run(day, seed)
        ends = [end for end, _ in course.talks]
        answered = sorted((one.served_at, one.served_at - one.at) for one in course.callers if one.served_at)
        holdtime, next_answer = 0.0, 0
        for caller in course.callers:
            while next_answer < len(answered) and answered[next_answer][0] <= caller.at:
                holdtime = (3 * holdtime + answered[next_answer][1]) / 4
                next_answer += 1
            if caller.served_at is None or caller.free > caller.ahead:
                continue
            waited = caller.served_at - caller.at
            staffing = Staffing(free=caller.free, talking_seconds=[caller.at - since for since in caller.talking_since])
            told = expected_wait(caller.ahead, staffing, recent(course, ends, caller))
            if told is None:
                continue
            ours.told += 1
            ours.absolute += abs(told.mean_seconds - waited)
            ours.inside += told.low_seconds <= waited <= told.high_seconds
            asterisk.told += 1
            asterisk.absolute += abs(holdtime - waited)
    return ours, asterisk


def main() -> None:
    print(f"{'kind of day':32} {'callers':>8} {'ours':>8} {'holdtime':>9} {'ratio':>6} {'in range':>9}")
    for name, day in KINDS.items():
        ours, asterisk = measure(day)
        share = ours.inside / ours.told if ours.told else float("nan")
        ratio = ours.mean / asterisk.mean
        print(f"{name:32} {ours.told:8} {ours.mean:7.1f}s {asterisk.mean:8.1f}s {ratio:6.2f} {share:9.0%}")


if __name__ == "__main__":
    main()

"""What a fault did to people, and whether that may be: computed from what they heard, and from nothing else."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from scripts.faults.catalogue import Fault
from scripts.faults.hearing import SILENCE_SECONDS, Came
from scripts.faults.house import Referrals
from scripts.faults.record import Said, counted, longest, percentile

URGENT = ("danger", "exit")
# What shows that people were there at all.
FEWEST_REPLIES = 20


@dataclass(frozen=True)
class Outcome:
    """The figures of one fault. Times are in seconds, memory in MB."""

    name: str
    what: str
    replies: int
    came: dict[str, int]
    urgent: int
    urgent_fixed: int
    statuses: dict[str, int]
    longest: float
    p99: float
    normal_after: float
    referrals: Referrals
    memory_before: float
    memory_after: float
    seen: str
    worst: list[str]
    failures: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was that may not be."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {**asdict(self), "holds": self.holds}


@dataclass(frozen=True)
class Course:
    """When the fault began, when it was mended, and what was heard before, from then on, and in all."""

    began: float
    mended: float
    before: list[Said]
    since: list[Said]


def judged(fault: Fault, course: Course, referrals: Referrals, memory: tuple[float, float], seen: str,
           broken: list[str]) -> Outcome:  # fmt: skip
    """The outcome of a fault."""
    said = course.since
    came, urgent = counted(said), [each for each in said if each.about in URGENT]
    statuses: dict[str, int] = {}
    for each in said:
        if each.status not in (200, 401):
            statuses[str(each.status or each.note)] = statuses.get(str(each.status or each.note), 0) + 1
    outcome = Outcome(
        name=fault.name, what=fault.what, replies=len(said),
        came={kind.value: came[kind] for kind in Came}, urgent=len(urgent),
        urgent_fixed=sum(1 for each in urgent if each.came is Came.FIXED), statuses=statuses,
        longest=round(longest(said), 2), p99=round(percentile(said, 99), 2),
        normal_after=round(normal_after(course), 1), referrals=referrals,
        memory_before=round(memory[0]), memory_after=round(memory[1]), seen=seen, worst=worst(said),
    )  # fmt: skip
    outcome.failures.extend(failures(fault, outcome, course))
    outcome.failures.extend(f"a person of the run's own broke: {each}" for each in broken)
    return outcome


def worst(said: list[Said]) -> list[str]:
    """The replies that no fault excuses, for whoever looks into it: the door, what it was about, and how long it took."""
    bad = [each for each in said if each.came not in (Came.RIGHT, Came.FIXED, Came.UNREACHED) or each.took > SILENCE_SECONDS]
    return [f"{e.door} {e.about}: {e.came.value}, {e.status}, {e.took:.1f} s {e.note}".strip() for e in bad[:10]]


def normal_after(course: Course) -> float:
    """How many seconds after it was mended the last reply came that was not the right one."""
    late = [each.at - course.mended for each in course.since if each.came is not Came.RIGHT]
    return max([0.0, *late])


def failures(fault: Fault, outcome: Outcome, course: Course) -> list[str]:
    """Everything that may not be and was."""
    came, sent = outcome.came, outcome.referrals
    not_right_before = [each for each in course.before if each.came is not Came.RIGHT]
    found = {
        f"{len(not_right_before)} replies were not right before it began": not_right_before,
        f"only {outcome.replies} replies": outcome.replies < FEWEST_REPLIES,
        f"{came['wrong']} wrong replies": came["wrong"],
        f"{came['silence']} met silence (longest wait {outcome.longest} s)": came["silence"],
        f"{came['error without words']} errors without words": came["error without words"],
        f"{came['told that it was forgotten']} conversations were lost": came["told that it was forgotten"],
        f"{came['refused as too much']} were refused": came["refused as too much"],
        f"{came['not reached']} met a closed door": came["not reached"] and not fault.door,
        f"{outcome.urgent_fixed} in danger or leaving got the fixed reply": outcome.urgent_fixed and not fault.cut_off,
        f"normal again only after {outcome.normal_after} s": outcome.normal_after > fault.well_within,
        f"{sent.lost} referrals lost": sent.lost, f"{sent.doubled} referrals doubled": sent.doubled,
        f"{sent.without_yes} sent without a yes": sent.without_yes, f"{sent.waiting} still waiting": sent.waiting,
        "nobody was told of a referral": not sent.told,
    }  # fmt: skip
    return [sentence for sentence, bad in found.items() if bad]

"""What became of one kind of fault: how often it was tried, how often all was well after it, and what was lost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """One row of the table that `make faults` prints.

    A try is lost when the result after recovery is not what an undisturbed run gives, when something is missing or
    counted twice, or when the user met a traceback in place of one clear line.

    - family: the kind of fault, the module's `NAME`, such as "kill".
    - fault: what was done, such as "kill -9 in train".
    - tried, survived, lost: how often; `tried == survived + lost`. Where the machine cannot make the fault, 0.
    - note: one line: of the first loss, what was wrong; of a fault not tried, why; else what is worth knowing.
    """

    family: str
    fault: str
    tried: int
    survived: int
    lost: int = 0
    note: str = ""

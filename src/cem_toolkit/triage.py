"""Of which kind a mistake is, by evidence: before anything is looked up, and again when passages have been read.

A wrong answer need not be a lack of knowledge. The form of the answer may be what fails (the same output right under
another extraction, the same question right when asked otherwise), or the key: 6.5 % of MMLU's questions are in error,
by arXiv 2406.04127, and mistakes are richer in them than questions are.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from cem_toolkit.excerpts import content_words, says, sentences
from cem_toolkit.records import Attempt, Mistake, MistakeKind, Passage, Reading
from cem_toolkit.roles import Context
from cem_toolkit.ways import other_ways

MOST = 0.5
"""What more than this share of the other ways of asking, or of the passages read, agree in, counts."""

CLOSE = 1.0
"""A margin nearer to 0 than this, in nats, is too close to say much."""

FEWEST_READINGS = 2
"""So many passages must have been read before they can speak against a key."""

RARE = 0.05
"""A word in at most this share of the questions tells what a question is about, such as a name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `judge` makes of a wrong attempt; the fields are those of a `Mistake`."""

    kind: MistakeKind
    agreement: float | None
    evidence: tuple[str, ...]


def ask_again(attempts: Sequence[Attempt], count: int, ctx: Context) -> list[tuple[str, ...]]:
    """For each attempt the answers in at most `count` other ways of asking; none where there is no other way.

    One call of `ctx.score` for all. Where the evaluator cannot score, that is logged and nothing is asked.
    """
    ways = [other_ways(attempt, count, ctx.seed) for attempt in attempts]
    every = [way for of_one in ways for way in of_one]
    try:
        scores = iter(ctx.score(every) if every else [])
    except NotImplementedError as error:
        ctx.log(f"mistakes are not asked again in other ways: {error}")
        return [()] * len(attempts)
    return [
        tuple(best_choice(attempt, next(scores)) for _ in of_one)
        for attempt, of_one in zip(attempts, ways, strict=True)
    ]


def best_choice(attempt: Attempt, scores: Sequence[float]) -> str:
    """The choice of the highest score; of equals the first, as lm-eval takes it."""
    return attempt.choices[scores.index(max(scores))]


def judge(attempt: Attempt, again: Sequence[str] = (), doubted: bool = False) -> Verdict:
    """The kind of a wrong attempt, whose answers in other ways of asking are `again`, by the first line that holds:

    | kind           | evidence                                                                                |
    |----------------|-----------------------------------------------------------------------------------------|
    | `doubtful_key` | the user doubts the question's key (`doubted`)                                          |
    | `schema`       | right under another extraction or normalisation of the same output (`right_under`)      |
    | `schema`       | right in more than `MOST` of the other ways of asking                                   |
    | `unsure`       | right in some other way, and by a margin within `CLOSE` nats wrong in the task's        |
    | `unsure`       | asked again in two ways or more, and the same wrong answer in none of them              |
    | `knowledge`    | all else: wrong, and nothing speaks against a lack of knowledge                         |

    Free text has no other ways and, without scores, no margin: there `right_under` alone decides.
    """
    right = sum(answer == attempt.gold for answer in again)
    same = sum(answer == attempt.answer for answer in again)
    known = bool(attempt.right_under) or right > MOST * len(again)
    close = right > 0 and bool(attempt.scores) and attempt.margin > -CLOSE
    wavering = len(again) > 1 and same == 0
    kind: MistakeKind = (
        "doubtful_key" if doubted else "schema" if known else "unsure" if close or wavering else "knowledge"
    )
    evidence = ["named as doubtful"] if doubted else []
    evidence += [f"right under {name}" for name in attempt.right_under]
    if again:
        evidence.append(f"right in {right} of {len(again)} other ways of asking")
        evidence.append(f"the same wrong answer in {same} of {len(again)}")
    if attempt.scores:
        evidence.append(f"margin {attempt.margin:+.1f} nats")
    return Verdict(kind, same / len(again) if again else None, tuple(evidence))


def subjects(questions: Sequence[str]) -> frozenset[str]:
    """The words that tell one of `questions` from the others: those in at most `RARE` of them, or in at most two."""
    often = Counter(word for question in questions for word in content_words(question))
    return frozenset(word for word, times in often.items() if times <= max(2, RARE * len(questions)))


def with_doubt(
    mistake: Mistake,
    attempt: Attempt,
    readings: Sequence[Reading],
    passages: Sequence[Passage],
    telling: Collection[str],
) -> Mistake:
    """`mistake` as `doubtful_key` where what was read contradicts the question's key, else as it is.

    `passages` are those of `readings`, and `telling` the words by which questions differ (`subjects`). All of these
    must hold:

    - it was taken for `knowledge` or `unsure`, and at least `FEWEST_READINGS` passages were read;
    - every one of them makes the model less sure of the key, by the margin, than it is without;
    - with more than `MOST` of them it gives one and the same answer against the key;
    - that answer stands in one of the passages in a sentence about the question's subject (one that, with the passage's
      title, shares a telling word with the question), and the key's answer stands in none.

    It is the text that has to speak against the key: a model's own opinion never does.
    """
    if mistake.kind not in ("knowledge", "unsure") or len(readings) < FEWEST_READINGS:
        return mistake
    answer, times = Counter(reading.answer for reading in readings).most_common(1)[0]
    surer = all(reading.margin < reading.closed_margin for reading in readings)
    if answer == attempt.gold or times <= MOST * len(readings) or not surer:
        return mistake
    subject = content_words(attempt.question) & frozenset(telling)
    if not any(_tells(passage, subject, answer) for passage in passages):
        return mistake
    if any(says(f"{passage.title}\n{passage.text}", attempt.gold) for passage in passages):
        return mistake
    evidence = (
        f"{answer!r} with {times} of {len(readings)} passages, each of which makes the model less sure of the key",
        "they name it where they speak of the question's subject, and the key's answer nowhere",
    )
    return replace(mistake, kind="doubtful_key", evidence=(*mistake.evidence, *evidence))


def _tells(passage: Passage, subject: frozenset[str], answer: str) -> bool:
    """Whether `answer` stands in a sentence of `passage` that, with its title, is about `subject`."""
    wanted = subject - content_words(answer)
    spoken = (sentence for sentence in sentences(passage.text) if says(sentence, answer))
    return any(content_words(f"{passage.title} {sentence}") & wanted for sentence in spoken)

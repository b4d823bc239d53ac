"""What the conformance suites give to components: a small quiz with its mistakes, passages, rewrites and rows."""

from typing import Any

from cem_toolkit.records import Attempt, Hit, Mistake, Passage, Rewrite, Row, content_id, question_id

_QUIZ: tuple[tuple[str, tuple[str, ...], str, str, tuple[str, ...]], ...] = (
    # question, choices, right answer, the model's answer, queries
    ("What is the capital of France?", ("Lyon", "Nice", "Paris"), "Paris", "Lyon", ("France", "Paris", "Lyon", "Nice")),
    ("Which sea does the Danube flow into?", ("Black Sea", "North Sea"), "Black Sea", "North Sea", ("Danube", "sea")),
    ("Which organ makes insulin?", ("Liver", "Pancreas", "Spleen"), "Pancreas", "Liver", ("insulin", "Pancreas")),
    ("How many bits are in a byte?", (), "8", "16", ("byte", "bit")),
    ("Which city was once called Edo (江戸)?", ("Kyōto", "Tōkyō"), "Tōkyō", "Kyōto", ("江戸", "Tōkyō", "Edo")),
    # What breaks the syntax of many a search engine, and a question of which nothing is to be looked up.
    ('In C++, what is "!(a && b)" the same as?', ("!a || !b", "a ^ b"), "!a || !b", "a ^ b", ('"C++" AND (*:', "/?")),
    ("Which of them is right?", ("the first", "the second"), "the first", "the second", ()),
    ("What is the capital of Italy?", ("Milan", "Rome"), "Rome", "Rome", ("Italy", "Rome")),
    ("On which continent do lions live in savannahs?", ("Africa", "Europe"), "Africa", "Africa", ("lion",)),
    ("Which gas do plants take in?", (), "carbon dioxide", "carbon dioxide", ("plants", "gas")),
)
_TEXTS = (
    (
        "Paris",
        "Paris is the capital of France. It lies on the river Seine, and has 2.1 million inhabitants.",
        "What is the capital of France?",
    ),
    (
        "Danube",
        "The Danube is a river in Europe. It rises in Germany and flows through ten countries into the Black Sea.",
        "Which sea does the Danube flow into?",
    ),
    (
        "Insulin",
        "Insulin is a hormone. It is made by the beta cells of the pancreas and lowers the glucose in the blood.",
        "Which organ makes insulin?",
    ),
)


def example_attempts() -> list[Attempt]:
    """Ten questions as a small model might answer them, seven of them wrongly; two have no choices."""
    return [_attempt(*row[:4]) for row in _QUIZ]


def _attempt(question: str, choices: tuple[str, ...], gold: str, answer: str) -> Attempt:
    return Attempt(
        id=question_id(question, choices),
        task="quiz",
        split="mined",
        question=question,
        choices=choices,
        gold=gold,
        answer=answer,
        correct=answer == gold,
        scores=tuple(-1.0 if choice == answer else -1.5 - len(choice) / 10 for choice in choices),
        prompt=f"Question: {question}\nAnswer:",
        completion=f" {gold}",
    )


def example_mistakes() -> list[Mistake]:
    """The wrong ones of `example_attempts` with queries. One has none, others have what many search engines take for
    syntax, and other scripts."""
    pairs = zip(example_attempts(), _QUIZ, strict=True)
    return [make_mistake(attempt, queries) for attempt, (*_, queries) in pairs if not attempt.correct]


def make_mistake(attempt: Attempt, queries: tuple[str, ...]) -> Mistake:
    return Mistake(
        id="m-" + content_id(attempt.task, attempt.id),
        attempt_id=attempt.id,
        task=attempt.task,
        kind="knowledge",
        question=attempt.question,
        choices=attempt.choices,
        queries=queries,
        margin=attempt.margin,
    )


def mistake_about(title: str) -> Mistake:
    """Someone does not know what `title` is."""
    question = f"What is {title}?"
    fields: dict[str, Any] = {"gold": "unknown", "answer": "", "correct": False, "prompt": question, "completion": ""}
    attempt = Attempt(id=question_id(question), task="quiz", question=question, **fields)
    return make_mistake(attempt, (title,))


def example_passages() -> list[Passage]:
    """Three passages, each found for one of `example_mistakes`."""
    mistakes = {mistake.question: mistake for mistake in example_mistakes()}
    return [
        Passage.make(
            title=title,
            text=text,
            source="examples",
            licence="CC0",
            hits=(Hit(mistake_id=mistakes[question].id, query=title, score=1.0),),
        )
        for title, text, question in _TEXTS
    ]


def example_rewrites() -> list[Rewrite]:
    """A statement and a question for each of `example_passages`."""
    paris, danube, insulin = (passage.id for passage in example_passages())
    make = Rewrite.make
    return [
        make(passage_id=paris, kind="restatement", text="The capital of France is Paris."),
        make(passage_id=paris, kind="question", question="On which river does Paris lie?", text="The Seine"),
        make(passage_id=danube, kind="restatement", text="The Danube, a river in Europe, rises in Germany."),
        make(passage_id=danube, kind="question", question="In which country does the Danube rise?", text="Germany"),
        make(passage_id=insulin, kind="restatement", text="A hormone is what insulin is."),
        make(
            passage_id=insulin, kind="cloze", question="Insulin is made by the beta cells of the ___.", text="pancreas"
        ),
    ]


def example_rows() -> list[Row]:
    """Rows of pre-training text and of instructions."""
    passages = example_passages()
    text = [Row.make(kind="passage", prompt="", completion=each.text, parents=(each.id,)) for each in passages]
    own = [attempt for attempt in example_attempts() if attempt.correct]
    review = [
        Row.make(kind="review", prompt=a.prompt, completion=a.completion, parents=(a.id,), own_pairs=(a.id,))
        for a in own
    ]
    asked = [
        Row.make(
            kind="normative",
            prompt=f"Question: {rewrite.question}\nAnswer:",
            completion=f" {rewrite.text}",
            parents=(rewrite.passage_id,),
        )
        for rewrite in example_rewrites()
        if rewrite.question
    ]
    return [*text, *asked, *review]

from random import Random

from tests.builtin.helpers import CAPITALS, attempt

from cem_toolkit.builtin.forms import PLAIN, TaskForm, task_form


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 (not for secrets)


NAMES = {"Chad": "N'Djamena", "Nigeria": "Abuja", "Sudan": "Khartoum"}


def quiz(prompt: str, completion: str) -> TaskForm:
    """The form of three attempts: prompts have {q} and {a} to {d}, completions {gold} or {label}."""
    attempts = []
    for land, gold in NAMES.items():
        question = f"What is the capital of {land}?"
        shown = dict(zip("abcd", CAPITALS, strict=True))
        label = "ABCD"[CAPITALS.index(gold)]
        texts = {"prompt": prompt.format(q=question, **shown), "completion": completion.format(gold=gold, label=label)}
        attempts.append(attempt(question, CAPITALS, gold, **texts))
    return task_form(attempts)


def test_an_open_form() -> None:
    assert quiz("Q: {q} A:", " {gold}") == TaskForm("Q: {question} A:", " ")


def test_a_form_without_delimiter() -> None:
    assert quiz("{q}\n", "{gold}").fill("Who?", "Me", [], seeded(0)) == ("Who?\n", "Me")


def test_a_lettered_form() -> None:
    form = quiz("{q}\nA. {a}\nB. {b}\nC. {c}\nD. {d}\nAnswer:", " {label}")
    assert (form.template.count("{choice}"), form.labels, form.choices) == (4, "ABCD", 4)
    prompt, completion = form.fill("Who?", "Me", ["You", "She", "He", "They"], seeded(3))
    assert prompt.startswith("Who?\nA. ") and prompt.endswith("\nAnswer:")
    assert f"{completion.strip()}. Me\n" in prompt


def test_choices_shown_but_answered_by_text() -> None:
    form = quiz("{q} Options: {a}, {b}, {c}, {d}.", " {gold}")
    prompt, completion = form.fill("Who?", "Me", ["You", "She", "He"], seeded(0))
    assert completion == " Me" and "Me" in prompt


def test_the_right_choice_stands_anywhere() -> None:
    form = quiz("{q}\nA. {a}\nB. {b}\nC. {c}\nD. {d}\n", "{label}")
    assert {form.fill("Who?", "Me", ["You", "She", "He"], seeded(n))[1] for n in range(50)} == set("ABCD")


def test_braces_in_questions_are_only_text() -> None:
    assert quiz("Q: {q} A:", " {gold}").fill("What is {choice}?", "{question}", [], seeded(0)) == (
        "Q: What is {choice}? A:",
        " {question}",
    )


def test_unknown_forms_are_plain() -> None:
    assert task_form([]) == PLAIN
    assert task_form([attempt(prompt="Something else", completion=" x")]) == PLAIN
    assert quiz("{q}", " The answer is {label}, as said") == PLAIN
    assert task_form([attempt(f"Who {n}?", prompt=f"{n} Who {n}?") for n in range(3)]) == PLAIN

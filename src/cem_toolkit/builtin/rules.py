"""The rewriter `rules`: what sentences say, said otherwise without any model."""

from collections.abc import Iterator, Sequence
from random import Random

from pydantic import Field

from cem_toolkit.api import Context, Options, Passage, Rewrite, RewriteKind, Rewriter, content_id
from cem_toolkit.builtin.blanks import blanks
from cem_toolkit.builtin.facts import facts
from cem_toolkit.builtin.links import Subjects, links
from cem_toolkit.builtin.restate import inverted, reordered, turned, with_subject
from cem_toolkit.builtin.text import sentences

KINDS: dict[str, RewriteKind] = {"role": "question", "definition": "definition"}


class RulesOptions(Options):
    statements: int = Field(4, ge=0, description="Make at most so many statements of a passage's sentence.")
    questions: int = Field(3, ge=0, description="Make at most so many questions about a passage's subject.")
    blanks: int = Field(6, ge=0, description="Leave out at most so many names of a passage, each once.")
    links: int = Field(
        0, ge=0, description="Make at most so many statements of a passage and of others whose subject it names."
    )


class Rules(Rewriter):
    """Statements: each sentence with its subject put in for a pronoun, turned round ("The capital of Togo is Lomé",
    "One that borders Ghana is Togo"), and with its list in another order; with `links` also one that names what another
    passage is about, followed by what that one says of it ("Togo borders Ghana. Ghana is a country …").

    Questions: who or what holds a named role, what the subject is, and every name left out."""

    name = "rules"
    version = "2"
    Options = RulesOptions
    options: RulesOptions

    def alone(self) -> bool:
        return not self.options.links

    def rewrite(self, passages: Sequence[Passage], ctx: Context) -> Iterator[Rewrite]:
        subjects = Subjects(passages) if self.options.links else None
        for passage in passages:
            random = Random(content_id(str(ctx.seed), passage.id))  # noqa: S311 (not for secrets)
            spoken = [(sentence, with_subject(passage.title, sentence)) for sentence in sentences(passage.text)]
            for sentence, said in spoken:
                others = inverted(said), turned(said, passage.title), reordered(said, random)
                found = dict.fromkeys(text for text in (said, *others) if text)
                found.pop(sentence, None)
                for text in list(found)[: self.options.statements]:
                    yield Rewrite.make(passage_id=passage.id, kind="restatement", text=text)
            for fact in facts(passage, self.options.questions):
                yield Rewrite.make(
                    passage_id=passage.id, kind=KINDS[fact.pattern], question=fact.question, text=fact.answer
                )
            asked = dict(pair for _, said in spoken for pair in blanks(said, passage.title))
            for question in random.sample(list(asked), min(self.options.blanks, len(asked))):
                yield Rewrite.make(passage_id=passage.id, kind="cloze", question=question, text=asked[question])
            linked = list(links(passage, subjects)) if subjects else []
            for text, other in random.sample(linked, min(self.options.links, len(linked))):
                yield Rewrite.make(passage_id=passage.id, linked_id=other, kind="link", text=text)

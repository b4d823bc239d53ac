"""The solved examples of the self-study prompts, written for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A passage with what is to be written about it."""

    title: str
    text: str
    restatements: tuple[str, ...] = ()
    questions: tuple[tuple[str, str], ...] = ()
    """Each with its answer, in words of the text; some ask for the subject."""
    summary: str = ""


SHORT = (
    Example(
        title="Mount Erebus",
        text="It lies on Ross Island in Antarctica, is the southernmost active volcano on Earth, and was first climbed "
        "in 1908.",
        restatements=(
            "The southernmost active volcano on Earth is Mount Erebus, which lies on Ross Island in Antarctica and was "
            "first climbed in 1908.",
            "On Ross Island in Antarctica, first climbed in 1908, lies the southernmost active volcano on Earth: "
            "Mount Erebus.",
            "In 1908 Mount Erebus was first climbed, the active volcano on Ross Island in Antarctica that lies further "
            "south than any other on Earth.",
            "Antarctica's Ross Island has the southernmost active volcano on Earth, Mount Erebus, whose first climb "
            "was in 1908.",
        ),
        questions=(
            ("When was Mount Erebus first climbed?", "1908"),
            ("What is the southernmost active volcano on Earth?", "Mount Erebus"),
            ("On which island does Mount Erebus lie?", "Ross Island"),
            ("Where is Ross Island?", "Antarctica"),
        ),
    ),
    Example(
        title="Ada Lovelace",
        text="Ada Lovelace, a daughter of the poet Lord Byron, wrote notes on Charles Babbage's Analytical Engine in "
        "1843.",
        restatements=(
            "In 1843 notes on the Analytical Engine of Charles Babbage were written by Ada Lovelace, whose father was "
            "the poet Lord Byron.",
            "The poet Lord Byron had a daughter, Ada Lovelace, who in 1843 wrote notes on Charles Babbage's Analytical "
            "Engine.",
            "Charles Babbage's Analytical Engine is what Lord Byron's daughter Ada Lovelace wrote notes on in 1843.",
            "Who wrote notes on the Analytical Engine of Charles Babbage in 1843 was Ada Lovelace, the poet Lord "
            "Byron's daughter.",
        ),
        questions=(
            ("Who wrote notes on the Analytical Engine in 1843?", "Ada Lovelace"),
            ("Which poet was the father of Ada Lovelace?", "Lord Byron"),
            ("Whose machine was the Analytical Engine?", "Charles Babbage"),
            ("In which year did Ada Lovelace write notes on the Analytical Engine?", "1843"),
        ),
    ),
    Example(
        title="Hygrometer",
        text="A hygrometer is an instrument that measures how moist the air is; Leonardo da Vinci drew one of the "
        "first about 1480.",
        restatements=(
            "How moist the air is can be measured by a hygrometer, an instrument of which Leonardo da Vinci drew one "
            "of the first about 1480.",
            "About 1480 Leonardo da Vinci drew one of the first hygrometers, instruments that measure how moist the "
            "air is.",
            "An instrument that measures how moist the air is, is called a hygrometer; one of the first was drawn by "
            "Leonardo da Vinci about 1480.",
            "What Leonardo da Vinci drew about 1480 was one of the first hygrometers, instruments that measure how "
            "moist the air is.",
        ),
        questions=(
            ("What does a hygrometer measure?", "how moist the air is"),
            ("Who drew one of the first hygrometers?", "Leonardo da Vinci"),
            ("Which instrument measures how moist the air is?", "hygrometer"),
            ("When did Leonardo da Vinci draw a hygrometer?", "about 1480"),
        ),
    ),
)

LONG = (
    Example(
        title="Suez Canal",
        text="It joins the Mediterranean Sea to the Red Sea, and was opened in 1869 after ten years of work. Ships "
        "that use it need not sail round Africa. Egypt has owned it since 1956.",
        summary="The Suez Canal, opened in 1869 and owned by Egypt since 1956, joins the Mediterranean Sea to the Red "
        "Sea, so that ships need not sail round Africa.",
    ),
    Example(
        title="Baobab",
        text="The baobab is a tree of African savannas. Its thick trunk stores water, so that it lives through long "
        "dry seasons. People eat its fruit and leaves, and make ropes of its bark. Some are a thousand years old.",
        summary="The baobab is a tree of African savannas that stores water in its thick trunk, lives up to a thousand "
        "years, and gives people fruit, leaves and ropes.",
    ),
)

"""Which country borders a country, and which does not."""

from cem_embedded.factbook.clean import alike
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the

_ARGUABLE = {
    "Albania": frozenset({"Serbia"}),  # by way of Kosovo
    "France": frozenset({"Netherlands", "Brazil", "Suriname"}),  # on Saint Martin, and French Guiana's
    "Mauritania": frozenset({"Morocco"}),  # only together with Western Sahara
    "Morocco": frozenset({"Mauritania"}),
    "Netherlands": frozenset({"France"}),
    "Serbia": frozenset({"Albania"}),
}


def border(country: Country, world: World) -> Fact | None:
    """A neighbour of the same region, by both countries' entries; other countries with land borders distract.

    Whatever either entry lists, or what may be argued, is never a distractor.
    """
    arguable = _ARGUABLE.get(country.name, frozenset())
    neighbours = _same_region(country, world, world.sure_borders(country) - arguable)
    if not world.borders(country):
        return None
    return Fact(
        f"Which of these countries shares a land border with {the(country.name)}?",
        tuple(sorted(neighbours)),
        right=world.borders(country) | arguable,
        lends=(country.name,),
    )


def no_border(country: Country, world: World) -> Fact | None:
    """A country of the same region that borders a neighbour but not the country; three neighbours distract.

    A country named nearly like a neighbour (one Congo beside the other) is not asked for.
    """
    arguable = _ARGUABLE.get(country.name, frozenset())
    borders = world.borders(country)
    neighbours = _same_region(country, world, world.sure_borders(country) - arguable)
    beyond = frozenset().union(*(world.sure_borders(world.by_name[name]) for name in neighbours))
    far = _same_region(country, world, beyond - borders - arguable - {country.name})
    far = frozenset(name for name in far if not any(alike(name, neighbour) for neighbour in borders))
    if len(neighbours) < 3 or not far:
        return None
    return Fact(
        f"Which of these countries does not share a land border with {the(country.name)}?",
        tuple(sorted(far)),
        wrong=tuple(sorted(neighbours)),
        lends=(),
    )


def _same_region(country: Country, world: World, names: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in names if world.by_name[name].region == country.region)

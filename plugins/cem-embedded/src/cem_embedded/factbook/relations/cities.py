"""The most populous city of a country whose capital it is not."""

from cem_embedded.factbook.clean import alike
from cem_embedded.factbook.data import Country
from cem_embedded.factbook.facts import Fact, World
from cem_embedded.factbook.names import the
from cem_embedded.factbook.relations.capitals import capital_name
from cem_embedded.factbook.relations.urban import urban_areas

_CONTESTED = frozenset({"China", "Ecuador", "Ghana", "India", "Israel", "Mozambique", "Qatar"})
_LEAD = 1.1


def largest_city(country: Country, _world: World) -> Fact | None:
    """The largest listed urban area where it is not the capital and leads by a tenth; the country's others distract.

    Not asked where other sources, which count within city limits, name another city.
    """
    listed = sorted(urban_areas(country).items(), key=lambda item: -item[1])
    seat = capital_name(country)
    if len(listed) < 2 or country.name in _CONTESTED or not seat:
        return None
    (name, people), (_, next_people) = listed[:2]
    if alike(name, seat) or people < _LEAD * next_people:
        return None
    others = tuple(city for city, _ in listed[1:])
    return Fact(
        f"Which city is the most populous urban area of {the(country.name)}?",
        (name,),
        wrong=others,
        lends=(name, *others),
    )

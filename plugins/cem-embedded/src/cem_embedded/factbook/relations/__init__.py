"""The relations: each is a function from a country to its fact, with its place in the Factbook."""

from cem_embedded.factbook.facts import Relation
from cem_embedded.factbook.relations.borders import border, no_border
from cem_embedded.factbook.relations.capitals import capital
from cem_embedded.factbook.relations.cities import largest_city
from cem_embedded.factbook.relations.independence import independence_from, independence_year
from cem_embedded.factbook.relations.land import highest_point, subregion
from cem_embedded.factbook.relations.languages import official_language
from cem_embedded.factbook.relations.money import currency
from cem_embedded.factbook.relations.people import ethnic_group, religion
from cem_embedded.factbook.relations.symbols import anthem, former_name, internet_code, local_name

RELATIONS = (
    Relation("capital", "Government: Capital: name", capital),
    Relation("border", "Geography: Land boundaries: border countries", border),
    Relation("no_border", "Geography: Land boundaries: border countries", no_border),
    Relation("subregion", "Geography: Location", subregion),
    Relation("highest_point", "Geography: Elevation: highest point", highest_point),
    Relation("largest_city", "People and Society: Major urban areas - population", largest_city),
    Relation("official_language", "People and Society: Languages", official_language),
    Relation("religion", "People and Society: Religions", religion),
    Relation("ethnic_group", "People and Society: Ethnic groups", ethnic_group),
    Relation("independence_year", "Government: Independence", independence_year),
    Relation("independence_from", "Government: Independence", independence_from),
    Relation("former_name", "Government: Country name: former", former_name),
    Relation("local_name", "Government: Country name: local short form", local_name),
    Relation("anthem", "Government: National anthem(s): title", anthem),
    Relation("currency", "Economy: Exchange rates: Currency", currency),
    Relation("internet_code", "Communications: Internet country code", internet_code),
)

"""Country names as the titles of the English Wikipedia have them, and the order in which regions help each other."""

from cem_embedded.factbook.clean import bare

USUAL = {
    "Bahamas, The": "The Bahamas",
    "Burma": "Myanmar",
    "Cabo Verde": "Cape Verde",
    "Congo (Brazzaville)": "Republic of the Congo",
    "Congo (Kinshasa)": "Democratic Republic of the Congo",
    "Cote d'Ivoire": "Ivory Coast",
    "Côte d'Ivoire": "Ivory Coast",
    "Czechia": "Czech Republic",
    "DRC": "Democratic Republic of the Congo",
    "Gambia, The": "The Gambia",
    "Holy See": "Vatican City",
    "Holy See (Vatican City)": "Vatican City",
    "Korea, North": "North Korea",
    "Korea, South": "South Korea",
    "Macedonia": "North Macedonia",
    "Sao Tome and Principe": "São Tomé and Príncipe",
    "The Dominican": "Dominican Republic",
    "Turkey (Turkiye)": "Turkey",
    "UAE": "United Arab Emirates",
    "UK": "United Kingdom",
    "US": "United States",
}

NEIGHBOURS = {
    "africa": ("middle-east",),
    "australia-oceania": ("east-n-southeast-asia",),
    "central-america-n-caribbean": ("south-america", "north-america"),
    "central-asia": ("south-asia", "middle-east", "europe", "east-n-southeast-asia"),
    "east-n-southeast-asia": ("south-asia", "central-asia", "australia-oceania"),
    "europe": ("middle-east", "central-asia"),
    "middle-east": ("central-asia", "south-asia", "africa", "europe"),
    "north-america": ("central-america-n-caribbean", "south-america"),
    "south-america": ("central-america-n-caribbean", "north-america"),
    "south-asia": ("east-n-southeast-asia", "central-asia", "middle-east"),
}
"""Factbook region -> the regions that lend distractors, in this order, when the region itself has too few."""

_WITH_ARTICLE = frozenset(
    {
        "Central African Republic",
        "Comoros",
        "Czech Republic",
        "Democratic Republic of the Congo",
        "Dominican Republic",
        "Federated States of Micronesia",
        "Maldives",
        "Marshall Islands",
        "Netherlands",
        "Philippines",
        "Republic of the Congo",
        "Seychelles",
        "Solomon Islands",
        "United Arab Emirates",
        "United Kingdom",
        "United States",
    }
)


def usual(name: str) -> str:
    """Map a Factbook name to the usual English one; a name not in the table only loses its bracketed notes."""
    return USUAL.get(name) or USUAL.get(bare(name)) or bare(name)


def the(name: str) -> str:
    """Return the name as it stands within a sentence: "the Netherlands", "France"."""
    return f"the {name}" if name in _WITH_ARTICLE else name

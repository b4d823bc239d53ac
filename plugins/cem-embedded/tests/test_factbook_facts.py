"""Known facts, relation by relation, on the real data."""

import pytest

from cem_embedded.factbook import make_questions

ROWS = {(row["relation"], row["group"]): row for row in make_questions()}

KNOWN = [
    ("capital", "France", "Paris"),
    ("capital", "Australia", "Canberra"),
    ("capital", "Brazil", "Brasília"),
    ("capital", "Moldova", "Chișinău"),
    ("capital", "Turkmenistan", "Ashgabat"),
    ("subregion", "Ghana", "West Africa"),
    ("subregion", "Nepal", "South Asia"),
    ("subregion", "Egypt", "North Africa"),
    ("highest_point", "Japan", "Mount Fuji"),
    ("highest_point", "Tanzania", "Kilimanjaro"),
    ("highest_point", "Argentina", "Aconcagua"),
    ("largest_city", "Turkey", "Istanbul"),
    ("largest_city", "Canada", "Toronto"),
    ("largest_city", "Brazil", "São Paulo"),
    ("official_language", "Brazil", "Portuguese"),
    ("official_language", "Bangladesh", "Bengali"),
    ("official_language", "Suriname", "Dutch"),
    ("religion", "Thailand", "Buddhism"),
    ("religion", "India", "Hinduism"),
    ("religion", "Greece", "Orthodox Christianity"),
    ("religion", "Indonesia", "Islam"),
    ("ethnic_group", "Ethiopia", "Oromo"),
    ("ethnic_group", "Senegal", "Wolof"),
    ("ethnic_group", "Vietnam", "Kinh"),
    ("independence_year", "Algeria", "1962"),
    ("independence_year", "South Sudan", "2011"),
    ("independence_year", "Brazil", "1822"),
    ("independence_from", "Angola", "Portugal"),
    ("independence_from", "Kazakhstan", "Soviet Union"),
    ("independence_from", "Syria", "France"),
    ("independence_from", "Papua New Guinea", "Australia"),
    ("former_name", "Thailand", "Thailand"),
    ("former_name", "Benin", "Benin"),
    ("former_name", "Sri Lanka", "Sri Lanka"),
    ("local_name", "Finland", "Finland"),
    ("local_name", "Croatia", "Croatia"),
    ("local_name", "Hungary", "Hungary"),
    ("anthem", "France", "La Marseillaise"),
    ("anthem", "Israel", "Hatikvah"),
    ("anthem", "Japan", "Kimigayo"),
    ("currency", "Japan", "yen"),
    ("currency", "Poland", "złoty"),
    ("currency", "Norway", "krone"),
    ("currency", "Germany", "euro"),
    ("internet_code", "Germany", ".de"),
    ("internet_code", "Switzerland", ".ch"),
    ("internet_code", "Spain", ".es"),
]


@pytest.mark.parametrize(("relation", "group", "expected"), KNOWN)
def test_known_fact(relation: str, group: str, expected: str) -> None:
    row = ROWS[relation, group]
    assert row["choices"][row["answer"]] == expected


@pytest.mark.parametrize(
    ("group", "neighbours"),
    [
        ("Portugal", {"Spain"}),
        ("Denmark", {"Germany"}),
        ("Vietnam", {"China", "Laos", "Cambodia"}),
        ("Belgium", {"France", "Germany", "Luxembourg", "Netherlands"}),
        ("Myanmar", {"China", "Laos", "Thailand"}),
        ("South Korea", {"North Korea"}),
    ],
)
def test_border_answer_is_a_neighbour(group: str, neighbours: set[str]) -> None:
    row = ROWS["border", group]
    assert row["choices"][row["answer"]] in neighbours
    assert not neighbours & {choice for i, choice in enumerate(row["choices"]) if i != row["answer"]}


def test_no_border_distractors_are_neighbours() -> None:
    row = ROWS["no_border", "Belgium"]
    others = {choice for i, choice in enumerate(row["choices"]) if i != row["answer"]}
    assert others < {"France", "Germany", "Luxembourg", "Netherlands"}


@pytest.mark.parametrize(
    ("relation", "group"),
    [
        ("capital", "South Africa"),  # three capitals
        ("capital", "Bolivia"),
        ("capital", "Israel"),  # disputed
        ("capital", "Mexico"),  # in the name
        ("border", "Japan"),  # none
        ("official_language", "Poland"),  # in the name
        ("independence_year", "Cuba"),  # two dates
        ("independence_from", "Vanuatu"),  # from two
        ("highest_point", "The Gambia"),  # unnamed
        ("anthem", "Canada"),  # the Factbook has the royal one
        ("currency", "Bulgaria"),  # changed since
        ("largest_city", "France"),  # is the capital
        ("internet_code", "France"),  # several, and in the name
        ("religion", "Panama"),  # contested
    ],
)
def test_what_is_not_asked(relation: str, group: str) -> None:
    assert (relation, group) not in ROWS


def test_a_second_tender_or_language_is_no_distractor() -> None:
    assert "dollar" not in ROWS["currency", "Panama"]["choices"]
    assert "rand" not in ROWS["currency", "Lesotho"]["choices"]
    assert not {"Dutch", "French", "German"} - {"Dutch"} <= set(ROWS["official_language", "Belgium"]["choices"])

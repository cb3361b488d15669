"""Names of customers and payers as keys: without accents, legal forms, connecting words and word order.

Two spellings of one name give one key. What is still different is compared by likeness, on few candidates only.
"""

import polars as pl
from rapidfuzz import fuzz, process

LETTERS = {"Ł": "L", "Ø": "O", "Æ": "AE", "Œ": "OE", "Đ": "D", "ẞ": "SS", "ß": "SS", "Þ": "TH", "İ": "I", "ı": "I"}

# Endings that say how a firm is organised, not what it is called. Everything after one is cut too: banks cut a name
# at 35 letters, so what follows is a rest ("SPOLKA Z O", "GMBH & C").
FORMS = (
    r"S ?DE ?R ?L( DE C ?V)?|S ?A ?P ?I( DE C ?V)?|S ?A DE C ?V|SPOLKA( |$).*|S ?P ?Z ?O ?O?|S ?P ?Z( O.*)?|SPZ ?O?O?"
    r"|SOCIEDAD( LIMITADA| ANONIMA| L\w*| A\w*|$).*|SOCIETA .*|SOCIETE (ANONYME|A RESP).*|GESELLSCHAFT MIT .*"
    r"|GMBH.*|G ?M ?B ?H?|AKTIENGESELLSCHAFT|E K|KG|OHG|UG( HAFTUNGS.*)?|AG"
    r"|UNIPESSOAL.*|LDA|LIMITADA|SGPS|EIRL|EURL|S ?A ?R ?L ?U?|S ?A ?S ?U?|SCI|SNC"
    r"|S ?P ?A|S ?R ?L ?S?|SAPA|LTD.*|LIMITED.*|P ?L ?C|L ?L ?P|L ?L ?C|INC(ORPORATED)?|CORP(ORATION)?|COMPANY|CO"
    r"|S ?L ?[UPL]?|S ?A ?U?|S ?C ?P?|S ?COOP.*|C ?B|B ?V|N ?V|OY|AB|APS"
)
_ENDING = rf" (?:{FORMS})$"
_JOINERS = r"\b(?:AND|UND|ET|Y|E|I|THE|DE|DA|DO|LA|EL|OF)\b"


def plain(text: pl.Expr) -> pl.Expr:
    """Return text in capitals without accents or punctuation, one blank between words."""
    upper = text.str.to_uppercase().str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    upper = upper.str.replace_many(list(LETTERS), list(LETTERS.values()))
    return upper.str.replace_all(r"[.'’`´]", "").str.replace_all(r"[^A-Z0-9]+", " ").str.strip_chars()


def keyed(names: pl.Series) -> pl.DataFrame:
    """Return name, name_key for the distinct names that have a key: the words that tell them from others, in order."""
    distinct = names.drop_nulls().unique().sort().alias("name").to_frame()
    short = plain(pl.col("name")).str.replace(_ENDING, "").str.replace(_ENDING, "").str.replace_all(_JOINERS, " ")
    # One row a word: putting words in order within lists costs five times as much.
    words = distinct.select("name", word=short.str.extract_all(r"[A-Z0-9]+")).explode(
        "word", empty_as_null=False, keep_nulls=False
    )
    words = words.with_columns(at=pl.col("name").rle_id()).unique(["at", "word"]).sort("at", "word")
    keys = words.group_by("at", maintain_order=True).agg(pl.col("name").first(), name_key=pl.col("word").str.join(" "))
    return keys.filter(pl.col("name_key").str.len_chars() > 1).select("name", "name_key")


def likeness(left: pl.Series, right: pl.Series) -> pl.Series:
    """Return how alike two columns of name keys are, 0 to 100, row by row.

    The shorter of both is also compared with as much of the longer one, since banks cut names off.
    """
    a, b = left.fill_null("").to_list(), right.fill_null("").to_list()
    whole = process.cpdist(a, b, scorer=fuzz.token_sort_ratio, workers=2)
    parts = process.cpdist(a, b, scorer=fuzz.token_set_ratio, workers=2)
    both = pl.DataFrame({"whole": whole, "parts": parts, "a": a, "b": b})
    # token_set_ratio gives 100 to "GARCIA" against "GARCIA LOPEZ": worth something, not everything.
    scored = both.select(pl.max_horizontal(pl.col("whole"), pl.col("parts") * 0.9))
    return scored.to_series().cast(pl.Float64)

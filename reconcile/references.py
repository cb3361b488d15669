"""Numbers and references in free text, however mutilated: "F2024-030403", "f2024030403", "F2024 030403", "30403/24".

A document's number gives a few keys; a text gives the same keys for everything in it that could be a number. Equal keys
are candidates, and `exactness` tells how much of the number was really there.
"""

import polars as pl

WHOLE, DIGITS, SERIAL = 3, 2, 1  # exactness: letters and digits; digits only; serial number and year only
SLICE = 200_000  # texts taken apart at once: their pieces need many times the memory
WORDS = 4  # blanks and dashes cut a number into at most this many pieces
SHORTEST = 3  # a shorter piece of text says nothing
SHORTEST_DIGITS = 4  # digits alone must be this many to stand for a number with letters

_ZEROS = r"^([A-Z]*)0+(\d)"  # FN-010421 is FN-10421
_RF = r"^RF\d\d([A-Z0-9]{3,21})$"  # ISO 11649: a creditor reference is RF, two check digits, our number

_FURTHER = (
    r"(?:\by|\be|\bet|\band|\bund|\bi|\boraz|\+|\bplus)\s*(?:altre |otras |autres )?(\d{1,2})"
    r"\s*(?:m[aá]s|more|others?|autres?|weitere|altre|inne|inn[ey]ch|outras|mais)\b"
)


def compact(text: pl.Expr) -> pl.Expr:
    """Return letters and digits only, in capitals; null where nothing is left."""
    bare = text.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "").str.replace(_ZEROS, "$1$2")
    return pl.when(bare.str.len_chars() >= SHORTEST).then(bare).otherwise(None)


def serials(documents: pl.DataFrame) -> pl.DataFrame:
    """Return n, key "serial/yy" of documents (n, number, issued_on), the form people write: FV/4085/07/2024 is 4085/24.

    The serial is the longest run of digits that is not the year of issue (nor its month, where another run is left).
    """
    year, month = pl.col("issued_on").dt.year(), pl.col("issued_on").dt.month()
    short = (year % 100).cast(pl.String).str.zfill(2)
    runs = documents.select(
        "n",
        short=short,
        year=year.cast(pl.String),
        month=month.cast(pl.String).str.zfill(2),
        run=pl.col("number").str.extract_all(r"\d+"),
    )
    runs = runs.explode("run", empty_as_null=False, keep_nulls=False)
    runs = runs.filter(pl.col("run") != pl.col("year"), pl.col("run") != pl.col("short"))
    runs = runs.with_columns(
        size=pl.col("run").str.len_chars().cast(pl.Int32) - (pl.col("run") == pl.col("month")).cast(pl.Int32) * 10
    )
    longest = runs.sort("n", "size", descending=[False, True], maintain_order=True).unique(
        "n", keep="first", maintain_order=True
    )
    return longest.select("n", key=pl.col("run").str.strip_chars_start("0") + "/" + pl.col("short"))


def document_keys(documents: pl.DataFrame) -> pl.DataFrame:
    """Return n, key, exactness for documents with the columns n, number, issued_on (may be null)."""
    # Work on what is there: text functions on nulls cost as much as on text.
    filled = documents.drop_nulls("number").with_columns(whole=compact(pl.col("number"))).drop_nulls("whole")
    digits = pl.col("whole").str.replace_all(r"\D", "").str.strip_chars_start("0")
    return pl.concat(
        [
            filled.select("n", key=pl.col("whole"), exactness=pl.lit(WHOLE)),
            filled.select("n", key=digits, exactness=pl.lit(DIGITS)).filter(
                pl.col("key").str.len_chars() >= SHORTEST_DIGITS
            ),
            serials(filled.drop_nulls("issued_on")).with_columns(exactness=pl.lit(SERIAL)),
        ]
    ).drop_nulls()


def text_keys(texts: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """Return n, key for texts with the columns n, text: every run of up to four words that is one of the known keys.

    "Fact. F2024 030403" gives F2024, 030403 and F2024030403, where documents have such keys.
    """
    there = known.alias("key").to_frame()
    told = texts.drop_nulls("text").filter(pl.col("text").str.contains(r"\d{2}"))
    parts = [_keys_in(part) for part in told.iter_slices(SLICE)] or [_keys_in(told)]
    # Joined once: what is looked for is much less than what is known.
    return pl.concat(parts).join(there, on="key", how="semi").unique()


def _keys_in(told: pl.DataFrame) -> pl.DataFrame:
    """Return n, key of everything in the texts that could be a number."""
    words = (
        told.select("n", word=pl.col("text").str.to_uppercase().str.extract_all(r"[A-Z0-9]+"))
        .explode("word", empty_as_null=False, keep_nulls=False)
        .with_columns(at=pl.int_range(pl.len()))
    )
    found, key = [], pl.col("word")
    for further in range(WORDS):
        if further:
            key = key + pl.col("word").shift(-further)
        found.append(
            words.select("n", "at", key=key, end=pl.col("n").shift(-further)).filter(pl.col("end") == pl.col("n"))
        )
    short = told.select("n", key=pl.col("text").str.extract_all(r"\b\d{1,7}\s?[/-]\s?(?:20)?\d{2}\b")).explode(
        "key", empty_as_null=False, keep_nulls=False
    )
    runs = pl.concat([f.select("n", "key") for f in found]).filter(
        pl.col("key").str.contains(r"\d") & (pl.col("key").str.len_chars() >= SHORTEST)
    )
    runs = runs.with_columns(pl.col("key").str.replace(_RF, "$1").str.replace(_ZEROS, "$1$2"))
    digits = runs.filter(pl.col("key").str.contains(r"\D")).select("n", key=pl.col("key").str.replace_all(r"\D", ""))
    digits = digits.with_columns(pl.col("key").str.strip_chars_start("0")).filter(
        pl.col("key").str.len_chars() >= SHORTEST_DIGITS
    )
    parts = short.with_columns(
        pl.col("key").str.replace_all(r"\s", "").str.extract_groups(r"^0*(\d+)[/-](?:20)?(\d{2})$")
    ).unnest("key")
    serials = parts.select("n", key=pl.col("1") + "/" + pl.col("2"))
    return pl.concat([runs, digits, serials])


def further(text: pl.Expr) -> pl.Expr:
    """Return how many invoices a text says there are besides those it names ("F2025-9560 y 5 mas"), or null."""
    return text.str.to_lowercase().str.extract(_FURTHER, 1).cast(pl.Int64, strict=False)

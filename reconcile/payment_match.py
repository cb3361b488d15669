"""Payments and invoices of one customer whose amounts agree: to the cent, in parts, less a fee, several at once.

Works on what the rules left over, after the named invoices have their money. A payment chooses one explanation or none;
an invoice takes no more than is open. Sure links are made step by step, since each leaves fewer rivals to the next;
what stays unsure is shown as suggestions.
"""

from concurrent.futures import Future
from typing import NamedTuple

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import allocate, fits, match, parts, payers, sets, shortfalls
from reconcile.books import Books
from reconcile.shares import settle

RULES = (
    ("payment_amount", "Same customer, same amount", "The payment is what is open on one invoice of that customer."),
    (
        "part_payment",
        "Same customer, a usual part",
        "The payment is a usual part of an invoice: a half, a third, 30 %.",
    ),
    ("withheld", "Same customer, tax withheld", "The payment is what is open less tax that the customer withholds."),
    ("discount", "Same customer, cash discount", "The payment is what is open less a usual discount."),
    ("gateway_fee", "Same customer, gateway fee", "The payment is what is open less what a card gateway keeps."),
    ("bank_fee", "Same customer, bank fee", "The payment is what is open less a round fee of a bank."),
    ("several_invoices", "Same customer, several invoices", "Open invoices of that customer add up to the payment."),
    ("other_currency", "Same customer, other currency", "At the day's rate the payment is what is open."),
    (
        "only_open_invoice",
        "The only open invoice",
        "The vendor states the customer, who has one open invoice; of several none is picked.",
    ),
    (
        "number_of_another",
        "Number of another customer's invoice",
        "The text names an invoice that fits neither the payer nor the amount. Only suggested.",
    ),
    (
        "amount_alone",
        "Amount alone",
        "Nobody knows the payer; one open invoice of anybody has this amount. Only suggested.",
    ),
)
EARLY = 10  # days that money may come before the invoice's date
BACK = 200  # days that a payment looks back for its invoice
FEW = 50  # open invoices of one customer, or of one amount, beyond which none of them is worth naming
KNOWN = 0.9  # trust from which a payer is known by a stored fact, and not by likeness
WRONG_NUMBER = 0.3  # how sure a number is that payer and amount contradict
MENTIONED, NOT_MENTIONED = 30.0, 0.05  # odds where the text hints at this invoice, or at another one

CROWDED = "payments have more open invoices of one amount than are compared"
TOO_MANY = "payments could be for too many sets of invoices to search them all"

NOBODY = pl.DataFrame(schema={"n": pl.Int64, "party": pl.Int64, "trust": pl.Float64})
Notes = dict[str, int]
Ways = tuple[fits.Way, ...]


class Rest(NamedTuple):
    """What is left once all sure links are made."""

    who: pl.DataFrame  # n, party, trust: who may stand behind each payment
    unsure: list[pl.DataFrame]  # explanations by sets, other currencies, and what a vendor states
    notes: Notes


def run(db: DuckDBPyConnection, books: Books, stored: Future[payers.Stored]) -> Rest:
    """Link the payments that are still free, as far as that is sure; `suggest` shows the rest.

    books: the named invoices have their money. stored: see `payers.stored`.
    """
    notes: Notes = {}
    if books.free().is_empty() or books.owed().is_empty():
        return Rest(NOBODY, [], notes)
    who = payers.payers(stored.result(), books.free().select("n", "name_key", "tax_key", "iban"))
    books.mentioned = _credible(books, who)
    who = payers.best(pl.concat([who, books.mentioned.select("n", "party", trust=pl.lit(0.9))]))
    several, kept, lessons = None, 1, payers.Lessons(db)
    for turn in range(3):  # links of one turn teach the next whose accounts and names are whose
        if kept:
            who = payers.best(pl.concat([who, lessons.learnt(books.free())]))
            # What lacks something is looked at first and last: what is exact leaves it fewer rivals.
            looks = (fits.EXACT,) if turn == 1 else (fits.EXACT, fits.SHORT)
            kept = sum(books.keep(match.sure(_explained(books, who, ways, notes))) for ways in looks)
        if turn == 1:
            several = _sets(books, who, notes)
            kept += books.keep(match.sure(several))
    books.keep(match.sure(_explained(books, who, fits.SHORT_PARTS, notes)))
    foreign, only = _foreign(books, who), _only_open(books, stored.result().stated)
    books.keep(match.sure(foreign))
    books.keep(match.sure(only))
    if "part_payment" not in books.off:
        books.keep(match.sure(parts.complete(books, who)))
    return Rest(who, [way for way in (several, foreign, only) if way is not None], notes)


def suggest(books: Books, rest: Rest) -> list[str]:
    """Show what is left with its candidates; return what was given up.

    Every way of explaining it is looked at once more, so that all rivals are seen.
    """
    books.kept_of_parts = shortfalls.explain(books)
    if rest.unsure:
        pairs = _explained(books, rest.who, fits.ANY, rest.notes)
        columns = ["left_n", "right_n", "e", "rule", "settles", "paid_on", "weight", "sure"]
        both = pl.concat(
            [way.select(columns) for way in (pairs, _of_another(books), *rest.unsure)], how="vertical_relaxed"
        )
        both = both.filter(~match.is_sure())
        both = both.join(books.free().select(left_n="n"), on="left_n", how="semi")
        both = both.join(books.owed().select(right_n="n_right"), on="right_n", how="semi")
        both = both.sort("left_n", "right_n", "sure", "rule", descending=[False, False, True, False])
        books.keep(match.unsure(both.unique(["left_n", "right_n"], keep="first", maintain_order=True)))
        books.keep(_alone(books, rest.who))
    return [f"payments: {count} {what}" for what, count in sorted(rest.notes.items()) if count]


def _credible(books: Books, who: pl.DataFrame) -> pl.DataFrame:
    """Return the hints without those at somebody else than the customer who is known to pay.

    Bare digits may be anything; a serial number stays where that customer owes no invoice of the amount.
    """
    known = who.filter(pl.col("trust") >= KNOWN).select("n", "party")
    owed = books.owed().select("party", "currency", left="owed")
    exact = books.free().join(known, on="n").join(owed, on=["party", "currency", "left"], how="semi")["n"]
    digits, serial = pl.col("said") == "digits", pl.col("said") == "serial"
    weak = books.mentioned.filter(digits | (serial & pl.col("n").is_in(exact.unique().to_list())))
    strange = weak.join(known.select("n").unique(), on="n", how="semi").join(known, on=["n", "party"], how="anti")
    return books.mentioned.join(strange, on=["n", "n_right", "said"], how="anti")


def _explained(books: Books, who: pl.DataFrame, ways: Ways, notes: Notes) -> pl.DataFrame:
    """Return explanations of one invoice for one payment, settled against each other."""
    # No texts: what is paired here comes by the million.
    by_card = pl.col("method").is_in(allocate.WITH_FEE)
    free = books.free().select("n", "currency", "left", "paid_on", "begun", by_card=by_card).join(who, on="n")
    owed = books.owed()
    account = match.accounts(free, owed)
    if account.is_empty():
        return match.NOTHING
    free = free.join(account, on=["party", "currency"]).with_row_index("asked")
    owed = owed.join(account, on=["party", "currency"]).with_row_index("at")
    days = owed.select("at", "n_right", day="issued_on")
    left = free.select("asked", "n", "left", on=pl.col("paid_on") - pl.duration(days=BACK))
    here = left.with_columns(place=free.select(match.place(pl.col("account"), pl.col("left"))).to_series())
    there = here.select("place").unique()
    parts = owed.iter_slices(match.BUNDLE // len(ways))
    keys = [match.places(fits.keys(part, ways)).join(there, on="place", how="semi") for part in parts]
    right = pl.concat(keys or [match.places(fits.keys(owed, ways))]).join(days, on="at")
    pairs, cut = match.near(here, right)
    pairs = pairs.filter((pl.col("left") - pl.col("value")).abs() <= pl.col("off"))
    if ways not in (fits.EXACT, fits.SHORT_PARTS):
        after_fees, more = _after_fees(left, free["account"], owed, days)
        pairs, cut = pl.concat([pairs, after_fees.select(pairs.columns)]), max(cut, more)
    pairs = pairs.drop("place", "on", "n", "left", "n_right", "account").join(free.drop("account"), on="asked")
    pairs = pairs.join(owed.select("at", "n_right", "gross", "owed", "due_on"), on="at").with_columns(
        pl.col("rule").cast(pl.String)
    )
    part = pl.when(pl.col("rule") == "part_payment").then(pl.min_horizontal("left", "owed")).otherwise("settles")
    pairs = pairs.with_columns(settles=part)  # a part is what was paid, to the cent
    whole = ~pl.col("begun") | (pl.col("rule") == "payment_amount")  # what is left of a payment is not a part again
    in_time = pl.col("day") <= pl.col("paid_on") + pl.duration(days=EARLY)
    pairs = pairs.filter(in_time, whole, ~pl.col("rule").is_in(list(books.off)))
    pairs = pairs.join(books.refused, on=["n", "n_right"], how="anti")
    notes[CROWDED] = max(cut, notes.get(CROWDED, 0))
    if pairs.is_empty():
        return match.NOTHING
    return _settled(_weighed(pairs, books.mentioned))


def _after_fees(
    left: pl.DataFrame, account: pl.Series, owed: pl.DataFrame, days: pl.DataFrame
) -> tuple[pl.DataFrame, int]:
    """Return payments with the invoices that they settle but for a round fee."""
    here = left.with_columns(account=account).with_columns(
        place=match.place(pl.col("account"), pl.col("left"), allocate.FEE)
    )
    here = pl.concat([here, here.with_columns(pl.col("place") + 1)]).drop("account")
    right = fits.before_fee(owed).with_columns(place=match.place(pl.col("account"), pl.col("value"), allocate.FEE))
    pairs, cut = match.near(here, right.join(days, on="at"))
    missing = pl.col("value") - pl.col("left")
    return pairs.filter(missing.is_between(2 * allocate.FEE_STEP, allocate.FEE), missing % allocate.FEE_STEP == 0), cut


def timely(paid_on: pl.Expr, issued_on: pl.Expr, due_on: pl.Expr) -> pl.Expr:
    """Return how usual the day of a payment is, 1 near the due date: most pay within days of it."""
    lag = (paid_on - issued_on).dt.total_days()
    late = (paid_on - due_on).dt.total_days().cast(pl.Float64)
    return (
        pl.when(lag < 0).then(0.02)
        .when(late < -10).then(0.15 * ((late + 10) / 15).exp().clip(0.05, 1))
        .when(late > 5).then((0.25 * (-(late - 5) / 20).exp()).clip(0.0005, 1))
        .otherwise(1.0)
    )  # fmt: skip


def _weighed(pairs: pl.DataFrame, mentioned: pl.DataFrame) -> pl.DataFrame:
    """Return the best explanation of each payment and invoice, with its odds."""
    part = pl.col("rule") == "part_payment"
    late = (pl.col("paid_on") - pl.col("due_on")).dt.total_days().cast(pl.Float64)
    in_time = timely(pl.col("paid_on"), pl.col("day"), pl.col("due_on"))
    # Later parts come weeks after the due date, and nobody calls that late.
    later = part | (pl.col("owed") < pl.col("gross"))
    in_time = pl.when(later & (late > 5)).then((0.6 * (-(late - 5) / 50).exp()).clip(0.001, 1)).otherwise(in_time)
    pairs = pairs.with_columns(mates=pl.col("n").n_unique().over("n_right", "rule", "of"))
    other = pairs.filter(part).select("n_right", of=100 - pl.col("of")).unique()
    pairs = pairs.join(other.with_columns(completed=pl.lit(True)), on=["n_right", "of"], how="left")
    pairs = _with_mentions(pairs, mentioned)
    backed = (
        pl.when(part & (pl.col("of") == 0)).then(1.0)
        .when(part & (pl.col("of") <= 12)).then(pl.min_horizontal(pl.col("mates") / pl.col("of"), 1.0) ** 2)
        .when(part).then(pl.when(pl.col("completed").fill_null(False)).then(1.0).otherwise(0.1))
        .otherwise(1.0)
    )  # fmt: skip
    no_gateway = (pl.col("rule") == "gateway_fee") & ~pl.col("by_card")
    weight = pl.col("prior") * match.specific(pl.col("left")) * in_time * backed * pl.col("hint") * pl.col("trust") ** 2
    pairs = pairs.with_columns(weight=weight * pl.when(no_gateway).then(0.005).otherwise(1.0)).filter(
        pl.col("weight") > 0.02
    )
    order = ["n", "n_right", "weight", "rule", "of"]
    best = pairs.sort(order, descending=[False, False, True, False, False])
    return best.unique(["n", "n_right"], keep="first", maintain_order=True)


def _with_mentions(pairs: pl.DataFrame, mentioned: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with `hint`: more where the payment's text hints at the invoice, less where at another."""
    here = mentioned.select("n", "n_right").unique().with_columns(here=pl.lit(True))
    there = mentioned.group_by("n").agg(
        there=pl.when((pl.col("said") == "whole").any()).then(match.CONTRADICTED).otherwise(NOT_MENTIONED)
    )
    pairs = pairs.join(here, on=["n", "n_right"], how="left").join(there, on="n", how="left")
    hint = pl.when(pl.col("here")).then(MENTIONED).otherwise(pl.col("there").fill_null(1.0))
    return pairs.with_columns(hint=hint).drop("here", "there")


def _settled(pairs: pl.DataFrame) -> pl.DataFrame:
    pairs = pairs.with_row_index("e")
    uses = pairs.select("e", row="n_right", share=pl.col("settles") / (pl.col("owed") + allocate.CENTS))
    settled = settle(pairs.select("e", chooser="n", weight="weight"), uses)
    return pairs.with_columns(sure=settled["sure"]).rename({"n": "left_n", "n_right": "right_n"})


def _sets(books: Books, who: pl.DataFrame, notes: Notes) -> pl.DataFrame:
    """Return explanations of several invoices for one payment, a row for each invoice, settled against each other."""
    if "several_invoices" in books.off:
        return match.NOTHING
    found, gave_up = sets.explained(books.free().join(who, on="n"), books.owed(), books.mentioned)
    notes[TOO_MANY] = max(gave_up, notes.get(TOO_MANY, 0))
    wrong = found.join(books.refused, left_on=["left_n", "right_n"], right_on=["n", "n_right"], how="semi")
    found = found.join(wrong.select("e").unique(), on="e", how="anti")
    if found.is_empty():
        return match.NOTHING
    found = found.with_columns((pl.col("e").rank("dense") - 1).cast(pl.UInt32))
    whole = found.unique("e", keep="first", maintain_order=True).sort("e")
    settled = settle(
        whole.select("e", chooser="left_n", weight="weight"), found.select("e", row="right_n", share="share")
    )
    found = found.join(whole.select("e").with_columns(settled["sure"]), on="e")
    return _as_links(found).select(match.NOTHING.columns)


def _as_links(found: pl.DataFrame) -> pl.DataFrame:
    """Return explanations by sets with `sure` per link: rival sets mostly share invoices, and what they share is surer.

    Of the sets of one payment only the likeliest can be sure, as sure as its least sure invoice.
    """
    each = pl.col("sure").sum().over("left_n", "right_n")
    found = found.with_columns(each=each, first=pl.col("sure") == pl.col("sure").max().over("left_n"))
    found = found.with_columns(
        first=pl.col("first") & (pl.col("e") == pl.col("e").filter("first").min().over("left_n"))
    )
    weakest = pl.col("each").min().over("e").clip(0, 1)
    return found.with_columns(
        sure=pl.when("first").then(weakest).otherwise(pl.min_horizontal(pl.col("each"), match.SURE - 0.01))
    )


def _foreign(books: Books, who: pl.DataFrame) -> pl.DataFrame:
    """Return explanations of payments in another currency than the invoice's, settled against each other."""
    free = books.free().filter(~pl.col("begun")).join(who, on="n").rename({"currency": "paid_in"})
    free = free.with_columns(place="party", on=pl.col("paid_on") - pl.duration(days=BACK // 2))
    owed = books.owed().with_columns(place="party", day="issued_on").drop("party")
    known = books.rates.pairs()
    used = [(a, b) for a in sorted(set(free["paid_in"])) for b in sorted(set(owed["currency"])) if (a, b) in known]
    if not used:
        return match.NOTHING
    found = [match.near(free.filter(paid_in=a), owed.filter(currency=b))[0] for a, b in used]
    pairs = pl.concat(found).drop("place", "on", "day")
    pairs = pairs.filter(
        pl.col("issued_on") <= pl.col("paid_on") + pl.duration(days=EARLY),
        pl.col("issued_on") >= pl.col("paid_on") - pl.duration(days=BACK),
    )
    rate = pl.Series(
        [books.rates.rate(a, b, day) for a, b, day in pairs.select("paid_in", "currency", "paid_on").iter_rows()],
        dtype=pl.Float64,
    )
    pairs = pairs.with_columns(worth=pl.col("left") * rate).drop_nulls("worth")
    shares = pl.DataFrame({"share": [1.0, 1 / 2, 1 / 3, 1 / 4, 0.3, 0.4, 0.6, 0.7], "prior": [1.0] + [0.2] * 7})
    pairs = pairs.join(shares, how="cross").with_columns(
        settles=pl.when(pl.col("share") == 1)
        .then(pl.col("owed"))
        .otherwise((pl.col("gross") * pl.col("share")).round().cast(pl.Int64))
    )
    pairs = pairs.with_columns(off=(pl.col("worth") / pl.col("settles") - 1).abs())
    pairs = pairs.filter(pl.col("off") <= books.near, pl.col("settles") <= pl.col("owed") + allocate.CENTS)
    in_time = timely(pl.col("paid_on"), pl.col("issued_on"), pl.col("due_on"))
    pairs = _with_mentions(pairs, books.mentioned).join(books.refused, on=["n", "n_right"], how="anti")
    pairs = pairs.with_columns(
        rule=pl.lit("other_currency"),
        weight=25 * pl.col("prior") * in_time * pl.col("hint") * pl.col("trust") ** 2,
        day="issued_on",
    ).filter(~pl.col("rule").is_in(list(books.off)))
    best = pairs.sort("n", "n_right", "weight", "share", descending=[False, False, True, True])
    return _settled(best.unique(["n", "n_right"], keep="first", maintain_order=True))


def _only_open(books: Books, stated: pl.DataFrame) -> pl.DataFrame:
    """Return payments of a stated customer with that customer's open invoices: sure where there is one, else a tie."""
    named = books.mentioned.filter(pl.col("said") == "whole")
    stated = stated.select("n", "party").unique().sort("n", "party")
    free = books.free().filter(~pl.col("begun")).join(named, on="n", how="anti").join(stated, on="n")
    owed = books.owed().drop("unit").filter(pl.len().over("party", "currency") <= FEW)
    pairs = free.join(owed, on=["party", "currency"])
    pairs = pairs.join(books.refused, on=["n", "n_right"], how="anti").filter(
        pl.col("issued_on") <= pl.col("paid_on") + pl.duration(days=EARLY)
    )
    pairs = pairs.with_columns(rivals=pl.len().over("n"), asking=pl.len().over("n_right")).filter(
        pl.col("rivals") <= match.SHOWN
    )
    only = (pl.col("rivals") == 1) & (pl.col("asking") == 1) & (pl.col("left") <= pl.col("owed") + allocate.CENTS)
    pairs = pairs.with_columns(
        sure=pl.when(only).then(0.9).otherwise(0.5 / pl.col("rivals")), weight=pl.lit(1.0),
        rule=pl.lit("only_open_invoice"), settles=pl.min_horizontal("left", "owed"),
    ).filter(~pl.col("rule").is_in(list(books.off)))  # fmt: skip
    return pairs.sort("n", "n_right").with_row_index("e").rename({"n": "left_n", "n_right": "right_n"})


def _of_another(books: Books) -> pl.DataFrame:
    """Return the invoices that texts of free payments name in full, though payer and amount contradict."""
    named = books.mentioned.filter(pl.lit("number_of_another").is_in(list(books.off)).not_(), said="whole")
    pairs = books.free().select("n", "currency", "left", "paid_on").join(named.select("n", "n_right").unique(), on="n")
    pairs = pairs.join(books.owed().select("n_right", "currency", "owed"), on=["n_right", "currency"])
    pairs = pairs.join(books.refused, on=["n", "n_right"], how="anti").sort("n", "n_right").with_row_index("e")
    rule, odds = pl.lit("number_of_another"), pl.lit(WRONG_NUMBER)
    return pairs.select(left_n="n", right_n="n_right", e="e", rule=rule, settles=pl.min_horizontal("left", "owed"),
                        paid_on="paid_on", weight=odds, sure=odds)  # fmt: skip


def _alone(books: Books, who: pl.DataFrame) -> pl.DataFrame:
    """Return suggestions for payments of unknown payers: the only open invoice of anybody with this amount in time."""
    unknown = books.free().filter(~pl.col("begun")).join(who.select("n").unique(), on="n", how="anti")
    unknown = unknown.select("n", "paid_on", "currency", "left", value="left")
    owed = books.owed().with_columns(value="owed").filter(pl.len().over("currency", "value") <= FEW)
    pairs = unknown.join(owed, on=["currency", "value"])
    pairs = pairs.join(books.refused, on=["n", "n_right"], how="anti")
    in_time = timely(pl.col("paid_on"), pl.col("issued_on"), pl.col("due_on"))
    pairs = pairs.with_columns(in_time=in_time).filter(pl.col("in_time") >= 0.1, pl.len().over("n") <= match.SHOWN)
    rivals = pl.len().over("n")
    rule = pl.when(rivals > 1).then(pl.lit("amount_alone_tie")).otherwise(pl.lit("amount_alone"))
    found = pairs.with_columns(rule=rule, sure=0.5 / rivals, status=pl.lit("suggested"), settles=pl.col("left"))
    found = found.filter(~pl.lit("amount_alone").is_in(list(books.off)))
    return found.rename({"n": "left_n", "n_right": "right_n"})

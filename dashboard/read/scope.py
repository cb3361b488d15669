"""What a flow can be switched on for: the CRM's pipelines, the customers' countries."""

from dashboard.read.warehouse import Db, question


@question
def pipelines(db: Db) -> dict[str, str]:
    """Return the labels of the CRM's pipelines that deals are in, by their ids."""
    rows = db.rows("""
        SELECT d.pipeline AS id, COALESCE(any_value(s.pipeline_name), d.pipeline) AS name
        FROM deals AS d
        LEFT JOIN stages AS s ON s.vendor = d.vendor AND s.pipeline = d.pipeline
        WHERE d.pipeline <> ''
        GROUP BY d.pipeline
        ORDER BY name, id
    """)
    return {row["id"]: row["name"] for row in rows}


@question
def countries(db: Db) -> list[str]:
    """Return the countries that customers are in (ISO 3166-1 alpha-2), those of most customers first."""
    rows = db.rows("""
        SELECT country, COUNT(*) AS customers
        FROM customers
        WHERE country <> ''
        GROUP BY country
        ORDER BY customers DESC, country
    """)
    return [row["country"] for row in rows]

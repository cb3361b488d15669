"""Stages of the sales pipelines, as people pick them: those that the CRM itself lists."""

from dashboard.read.warehouse import Db, Row, question


@question
def stages(db: Db) -> list[Row]:
    """Return each stage in the order of its pipeline: id, name, pipeline_name, outcome, number of deals."""
    return db.rows("""
        SELECT t.id, t.name, t.pipeline, t.pipeline_name, t.outcome, COUNT(d.id) AS deals
        FROM stages AS t
        LEFT JOIN deals AS d
            ON d.vendor = t.vendor
            AND d.stage = t.id
        GROUP BY ALL
        ORDER BY t.pipeline_name, t.pipeline, MIN(t.position), t.id
    """)

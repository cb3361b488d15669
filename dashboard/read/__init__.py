"""Every question that pages, commands and reports ask of the warehouse, a subject per file: the SQL of dashboard/."""

from dashboard.read.findings import finding_rows
from dashboard.read.warehouse import Db, NoWarehouse, Row, data_folder, question, ready

__all__ = ["Db", "NoWarehouse", "Row", "data_folder", "finding_rows", "question", "ready"]

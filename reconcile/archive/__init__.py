"""The archive of invoices: which PDF goes where, kept once, with checksum and date, and an index beside the files."""

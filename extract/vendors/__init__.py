"""One vendor per file. A vendor imports only extract.model, extract.vendor and extract.auth."""

"""Every surface that people and programs touch: pages, reports, command line, web hooks."""

"""The weekly and the monthly report: figures once, and every channel says the same."""

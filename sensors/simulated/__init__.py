"""One seeded participant who drives every simulated sensor."""

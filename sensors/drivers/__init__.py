"""One file a driver; each is found by name through `sensors.driver.DRIVERS`."""

"""AR and VR: gaze events and hints that an app can adapt to."""

"""What an app of glasses or a headset acts on: gaze events, targets, blinks as input, and hints to adapt itself."""

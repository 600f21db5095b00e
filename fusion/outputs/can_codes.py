"""The numbers that words have on a CAN bus; a code once given is never given to another word."""

from collections.abc import Sequence

STATES = ("unknown", "focused", "distracted_visual", "distracted_cognitive", "drowsy", "overloaded", "away")
STATUSES = ("other", "ok", "calibrating", "degraded", "stale", "no_gaze", "no_face")
LEVELS = ("none", "info", "warning", "critical")
PROFILES = ("other", "session", "eu-addw", "eu-ddaw", "euro-ncap-2026", "un-r171", "nhtsa-glance", "attend",
            "openpilot-like", "perclos", "watch")
""""session" is the session's own rules, which have no profile; "other" is a profile of one's own."""
RULES = ("other", "sensor_lost", "microsleep", "sleep", "long_glance_away", "visual_distraction", "long_distraction",
         "vats", "phone", "unresponsive", "drowsiness", "drowsy", "severe", "advisory", "eyes_on", "buffer",
         "awareness", "task_time", "visibility", "long_task_look", "unresponsive_eyes_closed", "mean_glance",
         "long_glances")
""""sensor_lost" is the session's rule of any sensor, "sensor_camera" and so on; "other" is one not listed here."""


def code(words: Sequence[str], word: str) -> int:
    """Return the code of `word`; 0, the first, stands for all that are not listed."""
    return words.index(word) if word in words else 0


def rule_code(rule: str) -> int:
    """Return the code of an alert's rule."""
    return code(RULES, "sensor_lost" if rule.startswith("sensor_") else rule)


def profile_code(profile: str) -> int:
    """Return the code of an alert's profile; "" is the session itself."""
    return code(PROFILES, profile or "session")

"""The slow, obvious twin of `kernels.eyes`: every camera feature of a whole recording."""

import math

import numpy as np

from tests.reference import eyes

WANTED = ("face", "luma", "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "head_roll", "jaw_open", "ear_left",
          "ear_right", "blink_left", "blink_right")


def ramp(value, none, full):
    return 1.0 if np.isnan(value) else np.interp((value - none) / (full - none), [0, 1], [0, 1])


class Camera:
    """A whole recording, looked at once; `features` then reads what was known at a tick, for streams up to 90 Hz."""

    def __init__(self, times_ns, values, names, rate_hz=30.0, target=(0.0, 0.0, 0.26), calibration_s=5.0):
        self.t, self.rate_hz, self.target, self.names = times_ns, rate_hz or 30.0, target, names
        limits = {"face": (0, 1), "luma": (0, 255), "head_roll": (-math.pi, math.pi), "jaw_open": (0, 1),
                  "ear_left": (0, 1), "ear_right": (0, 1), "blink_left": (0, 1), "blink_right": (0, 1)}
        nothing = np.full(len(times_ns), np.nan)
        c = {}
        for name in WANTED:
            low, high = limits.get(name, (-1.6, 1.6))
            x = values[:, names.index(name)].astype(np.float64) if name in names else nothing
            c[name] = np.where((x >= low) & (x <= high), x, np.nan)
        self.trusted = c["face"] >= 0.5 if "face" in names else np.ones(len(times_ns), bool)
        for name in WANTED[2:]:
            c[name] = np.where(self.trusted, c[name], np.nan)
        self.c = c
        opening = eyes.lid_opening(c["ear_left"], c["ear_right"], c["head_yaw"])
        score = eyes.lid_opening(c["blink_left"], c["blink_right"], c["head_yaw"])
        self.opened, self.level = eyes.openness(times_ns, opening, score, c["head_yaw"], c["head_pitch"], calibration_s)
        self.closures = eyes.closures(times_ns, self.opened)
        self.steps = eyes.steps_s(times_ns)
        self.closed80 = eyes.closed_s(times_ns, self.opened, 0.2, 0.3)
        self.closed70 = eyes.closed_s(times_ns, self.opened, 0.3, 0.34)
        self.long, self.micro = (eyes.rungs(times_ns, self.opened, age) for age in (0.5, 1.5))
        self.blinks = eyes.blinks(times_ns, opening)
        hidden = np.isnan(c["gaze_yaw"]) | np.isnan(c["gaze_pitch"]) | (self.opened < 0.35)
        self.yaw, self.pitch = (np.where(hidden, np.nan, c[name]) for name in ("gaze_yaw", "gaze_pitch"))
        self.away, self.gaze_s, self.glances = eyes.glances(times_ns, self.yaw, self.pitch, target)
        self.fixations = [f for f in eyes.fixations(times_ns, self.yaw, self.pitch) if f["known"] is not None]
        self._neighbours()
        self.nods, self.yawns = eyes.nods(times_ns, c["head_pitch"]), eyes.yawns(times_ns, c["jaw_open"])

    def _neighbours(self):
        pairs = []
        for k, f in enumerate(self.fixations):
            f["cell"] = eyes.cell(f["yaw"] - self.target[0], f["pitch"] - self.target[1])
            f["seconds"] = (f["end_ns"] - f["start_ns"]) / 1e9
            f["before"] = f["amplitude"] = None
            b = self.fixations[k - 1]
            if k and (f["start_ns"] - b["end_ns"]) / 1e9 <= 0.3:
                f["before"] = b["cell"]
                f["amplitude"] = min(np.pi, np.hypot(f["yaw"] - b["yaw"], f["pitch"] - b["pitch"]))
                pairs.append((b["seconds"], f["amplitude"], f))
        for pair, k in zip(pairs, eyes.k_coefficients([p[0] for p in pairs], [p[1] for p in pairs]), strict=True):
            pair[2]["k"] = k

    def within(self, tick_ns, seconds):
        """Which frames lie in the running second and those before it."""
        return (self.t <= tick_ns) & (self.t // eyes.SECOND > tick_ns // eyes.SECOND - seconds)

    def features(self, tick_ns):
        t, c, out = self.t, self.c, {}
        if not (t <= tick_ns).any() or tick_ns - t[t <= tick_ns][-1] > 2 * eyes.SECOND:
            return out
        newest = np.flatnonzero(t <= tick_ns)[-1]
        for name in ("gaze_yaw", "gaze_pitch"):
            out[name] = eyes.mean(t, self.yaw if name == "gaze_yaw" else self.pitch, tick_ns, 0.5)
        for name in ("head_yaw", "head_pitch", "head_roll", "jaw_open"):
            out[name] = eyes.mean(t, c[name], tick_ns, 0.5)
        out["luma"] = eyes.mean(t, c["luma"], tick_ns, 1)
        speed = eyes.angular_speed(t, c["head_yaw"], c["head_pitch"], c["head_roll"], tick_ns)
        out["head_motion_2s"] = speed if speed <= 50 else np.nan
        frames = eyes.window(t, tick_ns, 2).sum()
        rate = frames / min(2.0, (tick_ns - t[0]) / 1e9 + 1 / self.rate_hz)
        if "face" in self.names and frames:
            share = self.trusted[eyes.window(t, tick_ns, 2)].mean()
            trusted = np.flatnonzero(self.trusted[:newest + 1])
            out["face_share"] = share
            out["face_absent_s"] = (t[newest] - t[trusted[-1] if len(trusted) else 0]) / 1e9
            out["camera_quality"] = (share * ramp(rate, 5, 15) * ramp(out["luma"], 15, 50) * ramp(out["luma"], 252, 225)
                                     * ramp(np.degrees(abs(out["head_yaw"])), 60, 30)
                                     * ramp(np.degrees(abs(out["head_pitch"])), 60, 30))
        lids = np.flatnonzero(np.isfinite(self.opened[:newest + 1]))
        if len(lids) and tick_ns - t[lids[-1]] <= eyes.SECOND // 2:
            out["openness"] = self.opened[lids[-1]]
            ages = dict(pair for closure in self.closures for pair in closure)
            out["closure_s"] = ages.get(lids[-1], 0.0)
        self._lids(tick_ns, rate, out)
        self._gaze(tick_ns, newest, rate, out)
        if self.steps[self.within(tick_ns, 60) & np.isfinite(c["head_pitch"])].sum() >= 5 - 1e-9:
            out["nods_60s"] = sum(self.within(tick_ns, 60)[self.nods])
        if self.steps[self.within(tick_ns, 180) & np.isfinite(c["jaw_open"])].sum() >= 5 - 1e-9:
            out["yawns_180s"] = sum(self.within(tick_ns, 180)[self.yawns])
        return out

    def _lids(self, tick_ns, rate, out):
        minute, three = self.within(tick_ns, 60), self.within(tick_ns, 180)
        seen = np.isfinite(self.opened)
        watched = self.steps[minute & seen].sum()
        if watched > 0:
            out["long_closures_60s"], out["microsleeps_60s"] = sum(minute[self.long]), sum(minute[self.micro])
        if watched >= 5 - 1e-9:
            out["perclos_60s"] = min(1, self.closed80[minute].sum() / watched)
            out["perclos70_60s"] = min(1, self.closed70[minute].sum() / watched)
            out["perclos_180s"] = min(1, self.closed80[three].sum() / self.steps[three & seen].sum())
        if watched >= 10 - 1e-9 and rate >= 15:
            ended = [np.searchsorted(self.t, b[2] * 1e9 - 1000) for b in self.blinks]
            chosen = self.blinks[minute[ended], 3] if ended else np.empty(0)
            if len(chosen) * 60 / watched <= 200:
                out["blink_rate_60s"] = len(chosen) * 60 / watched
                out["blink_duration_60s"] = chosen.mean() if len(chosen) else np.nan

    def _gaze(self, tick_ns, newest, rate, out):
        t = self.t
        out["gaze_dispersion_10s"], out["bcea_10s"], out["on_target_share_10s"] = eyes.spread(
            t, self.yaw, self.pitch, self.target, tick_ns, 10)
        seen = np.flatnonzero(np.isfinite(self.yaw[:newest + 1]))
        if len(seen):
            if tick_ns - t[seen[-1]] <= eyes.SECOND // 2:
                smooth = eyes.one_euro(t[seen], self.yaw[seen], self.pitch[seen])[-1]
                out["gaze_yaw_smooth"], out["gaze_pitch_smooth"] = smooth
            if tick_ns - t[seen[-1]] <= 2 * eyes.SECOND:
                out["off_target_s"] = self.away[seen[-1]]
        minute, half = self.within(tick_ns, 60), self.within(tick_ns, 30)
        watched = self.gaze_s[minute].sum()
        ended = [seconds for k, seconds in self.glances if minute[k]]
        if watched >= 10 - 1e-9:
            out["glance_rate_60s"] = len(ended) * 60 / watched
            if ended:
                out["glance_mean_60s"], out["glance_longest_60s"] = np.mean(np.minimum(60, ended)), max(ended)
        if rate < 15:
            return
        exact = [f for f in self.fixations if tick_ns - 60 * eyes.SECOND < t[f["known"]] <= tick_ns]
        out["gaze_entropy_60s"], out["transition_entropy_60s"] = eyes.entropies(
            [f["cell"] for f in exact], [f["before"] for f in exact])
        recent = [f for f in self.fixations if half[f["known"]]]
        watched = self.gaze_s[half].sum()
        if watched < 5 - 1e-9:
            return
        out["fixation_rate_30s"] = len(recent) * 60 / watched
        amplitudes = [f["amplitude"] for f in recent if f["amplitude"] is not None]
        scores = [f["k"] for f in recent if f["amplitude"] is not None and np.isfinite(f["k"])]
        out["fixation_duration_30s"] = np.mean([min(30, f["seconds"]) for f in recent]) if recent else np.nan
        out["saccade_amplitude_30s"] = np.mean(amplitudes) if amplitudes else np.nan
        out["k_coefficient_30s"] = np.mean(scores) if len(scores) >= 3 else np.nan

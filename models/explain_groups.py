"""What an explanation speaks of: groups of features that a person can picture, each of one modality."""

from kernels.layout import FEATURES, INDEX

GROUPS: dict[str, tuple[str, ...]] = {
    "face in view": ("face_share", "face_absent_s"),
    "lids": ("openness", "closure_s", "perclos_60s", "perclos_180s", "perclos70_60s", "blink_rate_60s",
             "blink_duration_60s", "long_closures_60s", "microsleeps_60s"),
    "gaze": ("gaze_yaw", "gaze_pitch", "gaze_yaw_smooth", "gaze_pitch_smooth", "gaze_dispersion_10s", "bcea_10s",
             "fixation_rate_30s", "fixation_duration_30s", "saccade_amplitude_30s", "k_coefficient_30s",
             "gaze_entropy_60s", "transition_entropy_60s"),
    "looking at the target": ("on_target_share_10s", "off_target_s", "glance_rate_60s", "glance_mean_60s",
                              "glance_longest_60s"),
    "head": ("head_yaw", "head_pitch", "head_roll", "head_motion_2s", "nods_60s"),
    "mouth": ("jaw_open", "yawns_180s"),
    "camera signal": ("luma", "camera_quality"),
    "speech": ("speech_ratio_10s", "speech_ratio_60s", "turns_60s", "pause_mean_60s", "modulation_10s"),
    "voice": ("level_sd_10s", "f0_mean_10s", "f0_sd_10s", "centroid_10s", "flatness_10s", "flux_10s"),
    "sound around": ("loudness_momentary", "loudness_3s", "ambient_60s", "ambient_change_60s", "transients_10s"),
    "microphone signal": ("clip_share_10s", "microphone_quality"),
    "EEG bands": ("delta", "theta", "alpha", "beta", "gamma", "frontal_theta", "midline_theta", "posterior_alpha",
                  "individual_alpha", "alpha_frequency"),
    "EEG ratios": ("alpha_ratio", "alpha_lateralisation", "theta_beta", "engagement"),
    "EEG shape": ("aperiodic", "spectral_entropy", "hjorth_activity", "hjorth_mobility", "hjorth_complexity",
                  "differential_entropy"),
    "rhythms against own level": ("alpha_db", "theta_db", "beta_db"),
    "blinks in EEG": ("eeg_blinks_60s",),
    "EEG signal": ("line_noise", "muscle", "frontal_quality", "central_quality", "posterior_quality", "eeg_quality"),
    "surroundings": ("demand", "speed_kmh"),
    "flow of attention": ("flow_camera", "flow_microphone", "flow_eeg", "flow_age", "flow_external"),
    "agreement of sensors": ("blink_match_60s", "blink_lag_60s", "gaze_speech_60s", "gaze_speech_lag_60s"),
}
"""Every feature is in exactly one."""

NAMES = tuple(GROUPS)
COLUMNS = {name: [INDEX[feature] for feature in features] for name, features in GROUPS.items()}
MODALITY_OF = {name: FEATURES[columns[0]].modality for name, columns in COLUMNS.items()}
"""Group to the modality, or "fusion", that all its features belong to."""

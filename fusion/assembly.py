"""A rig's session with everything that follows it: one way to build it, for live runs, replays and reports alike."""

from fusion import estimator
from fusion.driving.ladders import Ladders
from fusion.follower import Follower
from fusion.session import Session
from fusion.xr.follower import XrFollower
from sensors.rig import Rig


def session_of(rig: Rig) -> Session:
    """Return a fresh session as the rig wants it."""
    return Session(rig.session, estimator.make(rig.session.estimator, rig.session.person), followers_of(rig),
                   own_rules=rig.driving is None)


def followers_of(rig: Rig) -> list[Follower]:
    """Return what speaks beside the estimator, in the order in which it is asked."""
    followers: list[Follower] = []
    if rig.driving is not None:
        followers.append(Ladders(rig.driving, rig.session.calibration_s))
    if rig.xr is not None:
        followers.append(XrFollower(rig.xr, rig.session, vehicle=rig.driving is not None))
    return followers

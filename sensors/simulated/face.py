"""The simulated camera: the participant's photographed face, turning, looking, blinking and speaking."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from sensors.simulated.face_parts import EYES, Eye, Mouth
from sensors.simulated.head_turn import HeadTurn
from sensors.simulated.participant import Moment, Participant
from sensors.simulated.portrait import portrait
from sensors.simulated.randomness import generator
from sensors.simulated.story import ParticipantConfig

NOISE_SD = 2.5
"""Sensor noise, grey levels."""
NOISE_ROLL = 64
FLICKER = 0.04
"""Slow change of the light, relative."""
DARK = 0.03
"""What the fault "dark" leaves of the light."""
SECOND_SCALE, SECOND_PLACE = 0.62, 0.17
"""Size of the second face and where it stands, in frame widths."""
LOOK_YAW, LOOK_PITCH, LOOK_ROLL = math.radians(-2), math.radians(8), math.radians(3)
"""Turn that makes the photograph, taken from a little above a head that leans, look straight into the camera."""
BACKDROP = (196, 197, 204)


class FaceVideo:
    """Frames of the participant's face, as a camera in front of it sees them (not mirrored).

    The faults "face_loss" (an empty chair), "second_face" (another person at the side) and "dark" (hardly any light)
    of stream "camera" strike here.

    Parameters
    ----------
    config
        Who is simulated.
    width, height
        Size of a frame in pixels.
    rate_hz
        Frames a second; it only sets how often the noise changes.
    """

    def __init__(self, config: ParticipantConfig, width: int, height: int, rate_hz: float) -> None:
        self._config, self._rate_hz = config, rate_hz
        self._width = width
        self._participant = Participant(config)
        layers = portrait(width, height)
        self._turn = HeadTurn(layers)
        self._eyes = tuple(Eye(layers, marks) for marks in EYES)
        self._mouth = Mouth(layers)
        # Eyes and mouth are drawn over it for every frame, always whole patches, so nothing of a frame stays behind.
        self._canvas = layers.cutout.copy()
        draw = generator(config.seed, "camera")
        self._phase = float(draw.uniform(0, 2 * np.pi))
        noise = np.rint(draw.normal(0, NOISE_SD, (height + NOISE_ROLL, width + NOISE_ROLL, 3)))
        # Brighter and darker grains apart: adding and taking away bytes is four times as fast as signed arithmetic.
        self._brighter, self._darker = (np.maximum(sign * noise, 0).astype(np.uint8) for sign in (1, -1))
        empty = _backdrop(draw, width, height)
        crowded = _second(empty, layers.photo, np.maximum(layers.head, layers.body_opacity))
        self._empty = (empty, crowded)
        self._bodies = tuple(_over(behind, layers.body, layers.body_opacity) for behind in self._empty)
        self._person = np.maximum(layers.head, layers.body_opacity)

    def frame(self, at_s: float) -> NDArray[np.uint8]:
        """Return the frame at `at_s` seconds into the session: (height, width, 3) uint8 BGR."""
        faults = {fault.kind for fault in self._config.active("camera", at_s)}
        moment = self._participant.at(at_s)
        crowded = int("second_face" in faults)
        if moment.shift >= 1 or "face_loss" in faults:
            scene = self._empty[crowded]
        else:
            scene = self.render(moment, crowded)
            if moment.shift > 0:
                scene = self._moved(scene, moment, self._empty[crowded])
        return self._sensor(scene, at_s, dark="dark" in faults)

    def render(self, moment: Moment, crowded: int = 0) -> NDArray[np.uint8]:
        """Return the noiseless picture of one moment, the person in the middle of the frame."""
        # People differ in how far their eyes stand open.
        lid = 1 - (1 - moment.lid) * self._participant.person.eye_opening
        for eye in self._eyes:
            eye.draw(self._canvas, moment.eye_yaw, moment.eye_pitch, lid)
        self._mouth.draw(self._canvas, moment.jaw)
        maps = self._turn.map(moment.head_yaw + LOOK_YAW, moment.head_pitch + LOOK_PITCH,
                              moment.head_roll + LOOK_ROLL)
        # Four channels are sampled faster than three.
        head = cv2.remap(self._canvas, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        behind = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(head, 3)), cv2.COLOR_GRAY2BGR)
        scene = self._bodies[crowded].copy()
        scene[self._turn.window] = cv2.add(cv2.cvtColor(head, cv2.COLOR_BGRA2BGR),
                                           cv2.multiply(scene[self._turn.window], behind, scale=1 / 255))
        return scene

    def _moved(self, scene: NDArray[np.uint8], moment: Moment, empty: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the scene with the person on the way out, to the side that they face."""
        way = -math.copysign(moment.shift * 1.05 * self._width, moment.gaze_yaw)
        matrix = np.array([[1, 0, way], [0, 1, 0]], np.float64)
        size = (scene.shape[1], scene.shape[0])
        return _over(empty, cv2.warpAffine(scene, matrix, size), cv2.warpAffine(self._person, matrix, size))

    def _sensor(self, scene: NDArray[np.uint8], at_s: float, dark: bool) -> NDArray[np.uint8]:
        light = (DARK if dark else 1.0) * (1 + FLICKER * math.sin(2 * math.pi * 0.07 * at_s + self._phase))
        lit = cv2.convertScaleAbs(scene, alpha=light)
        # Each frame shows another part of one noise plate; 31 and 17 are coprime to its spare 64 rows and columns.
        number = round(at_s * self._rate_hz)
        row, column = number * 31 % NOISE_ROLL, number * 17 % NOISE_ROLL
        part = (slice(row, row + scene.shape[0]), slice(column, column + scene.shape[1]))
        noisy: NDArray[np.uint8] = cv2.subtract(cv2.add(lit, self._brighter[part]), self._darker[part])
        return noisy


def _backdrop(draw: np.random.Generator, width: int, height: int) -> NDArray[np.uint8]:
    """Return a cloudy studio backdrop."""
    clouds = draw.normal(0, 9, (5, 7, 3)) * 0.4 + draw.normal(0, 9, (5, 7, 1))
    smooth = cv2.resize(clouds, (width, height), interpolation=cv2.INTER_CUBIC)
    backdrop: NDArray[np.uint8] = np.clip(smooth + np.array(BACKDROP), 0, 255).astype(np.uint8)
    return backdrop


def _second(empty: NDArray[np.uint8], photo: NDArray[np.uint8], person: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the backdrop with another person, a smaller mirror image, at the frame's left."""
    height, width = person.shape
    matrix = np.array([[-SECOND_SCALE, 0, width * (SECOND_PLACE + SECOND_SCALE / 2)],
                       [0, SECOND_SCALE, height * (1 - SECOND_SCALE)]])
    size = (width, height)
    return _over(empty, cv2.warpAffine(photo, matrix, size), cv2.warpAffine(person, matrix, size))


def _over(behind: NDArray[np.uint8], front: NDArray[np.uint8], opacity: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return `front` laid over `behind`; opacity (rows, columns) is 255 where nothing of `behind` shows."""
    three = cv2.cvtColor(opacity, cv2.COLOR_GRAY2BGR)
    both: NDArray[np.uint8] = cv2.add(cv2.multiply(front, three, scale=1 / 255),
                                      cv2.multiply(behind, 255 - three, scale=1 / 255))
    return both

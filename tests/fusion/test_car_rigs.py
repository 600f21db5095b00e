"""The rigs of a car: what they promise, and the simulated vehicle through a session in virtual time."""

import msgspec
import numpy as np

from fusion import assembly, virtual
from sensors import rig as rigs
from sensors.clock import SECOND
from sensors.drivers.can_config import CanConfig
from sensors.messages import Chunk, Health, State, StreamInfo
from sensors.rig_outputs import CanOutput
from sensors.simulated.participant import Participant


def test_the_car_hears_and_speaks_on_one_bus() -> None:
    car = rigs.load("car")
    context, out = car.sensors["context"], car.outputs["can"]
    assert isinstance(context, CanConfig)
    assert isinstance(out, CanOutput)
    assert (context.interface, context.channel) == (out.interface, out.channel) == ("socketcan", "can0")
    assert car.driving is not None
    other = rigs.load("car", ["context.channel=vcan0", "outputs.can.channel=vcan0", "context.source=drive.log"])
    assert isinstance(other.sensors["context"], CanConfig)
    assert other.sensors["context"].is_log
    assert isinstance(other.outputs["can"], CanOutput)
    assert other.outputs["can"].channel == "vcan0"


def test_the_simulated_car_tells_the_participants_speed_to_a_session() -> None:
    rig = rigs.load("car-simulated", ["session.estimator=rules"])
    rig = msgspec.structs.replace(rig, sensors={"context": rig.sensors["context"]})
    session, participant = assembly.session_of(rig), Participant(rig.participant)
    states, told, columns = [], [], ()
    for _, topic, message in virtual.run(rig, 4.0):
        states += [output for output in session.update(message) if isinstance(output, State)]
        if isinstance(message, Chunk):
            told += list(zip(message.times_ns.tolist(), message.values.tolist(), strict=True))
        elif isinstance(message, StreamInfo):
            columns = message.names
        elif isinstance(message, Health):
            assert (message.status, message.detail) == ("ok", "")
        assert topic != "camera"
    assert columns == ("speed_kmh", "steering", "indicator", "gear", "brake", "demand")
    assert len(told) > 235
    for t_ns, row in told[::6]:
        assert abs(row[0] - participant.at((t_ns - virtual.START_NS) / SECOND).speed_kmh) < 0.006
    assert not np.isnan(np.array([row for _, row in told])[6:]).any()
    assert states[-1].inputs["context"].status == "ok"

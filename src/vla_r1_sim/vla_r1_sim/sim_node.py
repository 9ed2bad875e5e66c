"""The simulated robot cell as a ROS node: camera, joints, transforms, clock and controllers."""

import dataclasses
import time

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger
from vla_r1_core.config import validate
from vla_r1_core.ros import declare_config, run

from vla_r1_sim.config import SimConfig
from vla_r1_sim.controllers_node import ArmServer, GripperServer
from vla_r1_sim.model import TIMESTEP_NS
from vla_r1_sim.robots import ROBOTS
from vla_r1_sim.ros import CameraPublisher, start_thread, StatePublisher
from vla_r1_sim.scene import make_scene
from vla_r1_sim.scene_spec import SceneSpec
from vla_r1_sim.simulation import Simulation
from vla_r1_sim.verdicts import verdict

TICK_NS = 20_000_000
"""Period of joint states and TF."""
CLOCK_TICKS = 2
"""Seldomer, because every node hears the clock, and in Python that costs 3 ms each time."""
OBJECT_TICKS = 10
PAUSE = 0.002
"""Between ticks, at least [s]."""


class SimNode(Node):
    """Runs a scene in (a multiple of) real time and publishes what a real cell would."""

    def __init__(self) -> None:
        super().__init__('sim')
        self._config = declare_config(self, SimConfig)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._simulation = Simulation(_scene(self._config), ROBOTS[self._config.robot])
        self._state = StatePublisher(self, self._simulation)
        self._mount_camera()
        self._camera = CameraPublisher(self, self._config)
        self._servers = (ArmServer(self, self._simulation), GripperServer(self, self._simulation))
        self.create_service(Trigger, 'sim/reset', self._on_reset)
        self.create_service(Trigger, 'sim/verdict', self._on_verdict)
        self._running = True
        self._thread = start_thread(self, 'physics', self._run)
        self.get_logger().info(f'scene: {_names(self._simulation)}')

    def destroy_node(self) -> None:
        """Stop the threads first: they publish."""
        self._running = False
        for server in self._servers:
            server.close()
        self._thread.join(timeout=5.0)
        self._camera.close()
        super().destroy_node()

    def _run(self) -> None:
        """Step and publish, paced to real time; a machine that is too slow lags behind."""
        period = TICK_NS * 1e-9 / self._config.real_time_factor
        camera_ticks = max(1, round(1e9 / self._config.camera_rate / TICK_NS))
        tick, due, lost = 0, time.monotonic(), 0.0
        while self._running and self.context.ok():
            self._simulation.step(TICK_NS // TIMESTEP_NS)
            tick += 1
            self._publish(tick, camera_ticks)
            due += period
            ahead = due - time.monotonic()
            # Also when late: without a pause the controllers' threads never get the lock.
            time.sleep(max(ahead, PAUSE))
            if ahead < -10 * period:  # do not catch up in a rush after a hiccup
                due, lost = due - ahead, lost - ahead
                self.get_logger().warning(
                    f'slower than real_time_factor: {lost:.1f} s lost so far',
                    throttle_duration_sec=10.0,
                )

    def _publish(self, tick: int, camera_ticks: int) -> None:
        fault = self._config.fault
        with self._simulation.changed:
            if fault != 'joint_states_missing':
                self._state.joint_states()
            self._state.transforms()
            if tick % OBJECT_TICKS == 0:
                self._state.objects()
                if fault == 'camera_tf_old':
                    self._state.old_camera_mounting()
            if tick % CLOCK_TICKS == 0:
                self._state.clock()
        if tick % camera_ticks == 0:
            self._camera.request(self._simulation, fault)

    def _mount_camera(self) -> None:
        if not self._config.fault.startswith('camera_tf'):
            self._state.camera_mounting()

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        changes = {p.name: p.value for p in parameters if hasattr(self._config, p.name)}
        try:
            config = dataclasses.replace(self._config, **changes)
            validate(config)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._config = config
        return SetParametersResult(successful=True)

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._simulation.reset(_scene(self._config))
        self._mount_camera()
        response.success, response.message = True, f'scene: {_names(self._simulation)}'
        return response

    def _on_verdict(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._simulation.changed:
            result = verdict(self._simulation.world)
        response.success, response.message = result.success, result.message
        return response


def _scene(config: SimConfig) -> SceneSpec:
    scene = make_scene(config.seed, config.instruction, absent=config.absent)
    return dataclasses.replace(
        scene, glass=config.fault == 'glass_pane', wrist_camera=config.camera == 'wrist'
    )


def _names(simulation: Simulation) -> str:
    return ', '.join(simulation.world.start_positions)


def main() -> None:
    """Run the node until Ctrl-C."""
    run(SimNode, threads=8)


if __name__ == '__main__':
    main()

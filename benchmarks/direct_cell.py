"""The whole chain on the simulated cell without ROS: reasoner, planner, planning, physics.

The code is that of the nodes, called instead of messaged, and simulated time runs as fast as the
machine can: a scene takes a second or two where the real processes need ten times as long. What
it cannot show is what ROS adds, latencies, lost messages and stops: `ros_cell.py` is for those.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
import time
import traceback

from ament_index_python.packages import get_package_share_directory
from cell import CellError, Plan
from direct_arm import DirectArm, planning_scene
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.errors import ReasoningError, VlaR1Error
from vla_r1_core.geometry import CameraModel
from vla_r1_core.prompt import infer_intent, infer_task, Intent
from vla_r1_core.types import ParsedAnswer, Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.overlay import draw_overlay
from vla_r1_perception.reasoner import Reasoner
from vla_r1_perception.reply import ask
from vla_r1_perception.request import Request
from vla_r1_planner.config import PlannerConfig
from vla_r1_planner.depth import DepthView
from vla_r1_planner.motion import Job
from vla_r1_planner.pick import prepare_pick
from vla_r1_planner.place import prepare_place
from vla_r1_planner.push import prepare_push
from vla_r1_planner.reach import prepare_reach
from vla_r1_planner.task import Cell
from vla_r1_planner.verify import verify
from vla_r1_sim.camera import Camera, DepthNoise
from vla_r1_sim.robots import ROBOTS
from vla_r1_sim.scene import make_scene
from vla_r1_sim.simulation import Simulation
from vla_r1_sim.verdicts import verdict
import yaml

from vla_r1_msgs.msg import Outcome
from vla_r1_sim.config import SimConfig

MOVED = 0.001  # [rad] of a joint of the arm, [m] of a finger
STAGES = {  # what the segments of each task are for, in the order of travel
    Intent.PICK: ('approach', 'descent', 'lift'),
    Intent.PLACE: ('approach', 'descent', 'lift', 'carry', 'lower', 'retreat'),
    Intent.PUSH: ('approach', 'descent', 'touch', 'push', 'lift'),
    Intent.REACH: ('approach', 'follow'),
}


class Silent:
    """A `task.Show` for nobody."""

    def __getattr__(self, _: str) -> object:
        return lambda *_: None


class DirectCell:
    """A `cell.Cell`; its `first_motion_s` is what the code alone takes, without the camera's time.

    Args:
        robot: its name.
        backend: of the reasoner; empty: its default. Each one is loaded only once in a process.
        model: local folder of the backend's model.

    Raises:
        CellError: the model cannot be loaded.
    """

    def __init__(self, robot: str, backend: str = '', model: str = '') -> None:
        self._robot = ROBOTS[robot]
        self._reasoner = _reasoner(backend, model)
        self._config = replace(PlannerConfig(), **_robot_parameters(robot))
        self._monitor = planning_scene(self._robot)
        self._sim_config = SimConfig()
        self._camera: Camera | None = None
        self.overlay: NDArray[np.uint8] | None = None
        self.model_s = 0.0
        self.first_motion_s: float | None = None
        self.plans: list[Plan] = []

    def close(self) -> None:
        """Free the camera's GL context."""
        if self._camera is not None:
            self._camera.close()

    def reset(self, seed: int, instruction: str, *, absent: bool = False) -> None:
        """Lay out a scene."""
        self.close()
        self._simulation = Simulation(make_scene(seed, instruction, absent=absent), self._robot)
        c = self._sim_config
        self._camera = Camera(self._simulation.world.model, c.image_width, c.image_height)
        self._noise = DepthNoise(seed, sigma=c.depth_noise, holes=c.depth_holes)
        self._arm = DirectArm(self._simulation, self._monitor, self._config)
        self._home = self._joints()

    def ask(self, instruction: str) -> Outcome:
        """Carry an instruction out and return what became of it."""
        outcome = Outcome(instruction=instruction, error_code=Outcome.NONE)
        self.model_s, self.first_motion_s, self.overlay = 0.0, None, None
        self.plans = self._arm.plans
        rgb, view = self.picture(), self._view()
        begun = time.monotonic()
        try:
            cell, job = self._prepare(instruction, rgb, view)
            outcome.planning_time = sum(segment.planning_time_s for segment in job.segments)
            job.run()
            outcome.verified = self._judge(cell, job)
        except VlaR1Error as error:
            outcome.error_code, outcome.error_msg = int(error.code), str(error)
        except Exception as error:  # noqa: BLE001 - as the planner node does
            traceback.print_exc()
            outcome.error_code, outcome.error_msg = Outcome.UNKNOWN, f'a bug: {error!r}'
        outcome.execution_time = self._arm.moving_ns * 1e-9
        if self._arm.began_s is not None:
            self.first_motion_s = self._arm.began_s - begun
        return outcome

    def moved(self) -> bool:
        """Whether arm or fingers have left their first position in this scene."""
        return bool(np.abs(self._joints() - self._home).max() > MOVED)

    def verdict(self) -> tuple[bool, str]:
        """Return what the physics says about the scene's instruction."""
        self._simulation.step(250)  # half a second, as an answer takes its way
        found = verdict(self._simulation.world)
        return found.success, found.message

    def picture(self) -> NDArray[np.uint8]:
        """Return the camera's picture (H, W, 3) of now."""
        assert self._camera is not None
        return self._camera.rgb(self._simulation.world.data)

    def _joints(self) -> NDArray[np.float64]:
        world = self._simulation.world
        return np.array([*world.arm_position(), world.finger_position()])

    def _prepare(
        self, instruction: str, rgb: NDArray[np.uint8], view: DepthView
    ) -> tuple[Cell, Job]:
        answer, label = self._ask(rgb, instruction, infer_task(instruction))
        intent = infer_intent(instruction)
        self._arm.stages = STAGES[intent]
        cell = Cell(
            self._config, self._arm, view, self._arm.tool_pose(), Silent(), lambda *_: None
        )
        if answer.box is not None and intent is Intent.PLACE:
            goal, _ = self._ask(rgb, instruction, Task.TRAJECTORY)
            return cell, prepare_place(cell, answer.box, label, cell, goal.trajectory)
        if answer.box is not None:
            return cell, prepare_pick(cell, answer.box, label)
        prepare = prepare_push if intent is Intent.PUSH else prepare_reach
        return cell, prepare(cell, answer.trajectory)

    def _ask(
        self, rgb: NDArray[np.uint8], instruction: str, task: Task
    ) -> tuple[ParsedAnswer, str]:
        timeout_s = ReasonerConfig().answer_timeout_s
        request = Request('', instruction, task, timeout_s, lambda *_: None)
        reply = ask(self._reasoner, rgb, request, task, seed=0)
        self.model_s += reply.latency_s
        self.overlay = draw_overlay(rgb, reply)
        if reply.error is not None:
            raise reply.error
        assert reply.parsed is not None and reply.answer is not None
        return reply.parsed, reply.answer.label

    def _view(self) -> DepthView:
        camera = self._camera
        assert camera is not None
        i = camera.intrinsics
        T_base_camera = np.eye(4)
        T_base_camera[:3, :3] = camera.mounting.rotation
        T_base_camera[:3, 3] = camera.mounting.translation
        depth = self._noise.apply(camera.depth(self._simulation.world.data))
        model = CameraModel(i.fx, i.fy, i.cx, i.cy, i.width, i.height)
        return DepthView(depth, model, T_base_camera)

    def _judge(self, cell: Cell, job: Job) -> int:
        if job.change.before is None:
            return Outcome.VERIFICATION_UNKNOWN
        found = verify(
            job.change,
            cell.view,
            self._view(),
            opening_m=self._arm.gripper_opening(),
            empty_m=self._config.gripper_empty_m,
            robot=replace(cell, tool=self._arm.tool_pose()).robot_parts(),
        )
        return int(found.verdict)


@cache
def _reasoner(backend: str, model: str) -> Reasoner:
    chosen = {'backend': backend, 'model': model}
    config = ReasonerConfig(**{k: v for k, v in chosen.items() if v})
    try:
        return make_reasoner(config, config.model)
    except ReasoningError as error:
        raise CellError(str(error)) from error


def _robot_parameters(robot: str) -> dict[str, object]:
    """What the planner must know of a robot, as bringup hands it over."""
    share = Path(get_package_share_directory('vla_r1'))
    text = (share / 'config' / 'robots' / f'{robot}.yaml').read_text()
    return dict(yaml.safe_load(text)['/**/planner']['ros__parameters'])

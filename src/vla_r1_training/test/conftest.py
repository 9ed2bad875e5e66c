"""A real recording: the simulated robot is taught four tasks while `ros2 bag record` runs.

And what SFT begins with: a few rendered scenes, a model that has learned nothing.
"""

from pathlib import Path
import subprocess
import sys

from accelerate.state import AcceleratorState
import numpy as np
import pytest
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.typesys import get_types_from_msg, get_typestore, Stores
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_training.bags.bag import Bag
from vla_r1_training.bags.episodes import EpisodeReader
from vla_r1_training.nano.model import make_nano
from vla_r1_training.nano.sft_config import SftConfig
from vla_r1_training.render import render

from vla_r1_training.config import EpisodeConfig

sys.path.append(str(Path(__file__).parent))  # for `messages` and `taught`, beside the tests

EXAMPLE = Path(__file__).resolve().parents[3] / 'examples' / 'record_episodes.py'


@pytest.fixture(scope='session')
def recording(tmp_path_factory):
    """A bag with a pick, a reach, a push and a place, each in a scene of its own."""
    bag = tmp_path_factory.mktemp('recording') / 'taught'
    command = [sys.executable, str(EXAMPLE), '--out', str(bag), '--seed', '1001']
    done = subprocess.run([*command, '--teacher', 'truth'], capture_output=True, text=True)
    log = bag.with_suffix('.log')
    said = log.read_text() if log.exists() else ''
    assert done.returncode == 0, done.stdout + done.stderr + said
    return bag


@pytest.fixture(scope='session')
def episodes(recording):
    """Its episodes, by intent."""
    with Bag(recording) as bag:
        found = list(EpisodeReader(bag, EpisodeConfig()).episodes())
    return dict(zip(('pick', 'reach', 'push', 'place'), found, strict=True))


@pytest.fixture(scope='session')
def write_bag():
    """Write messages to a new bag, with the definitions of the one that they come from."""

    def write(
        path, messages, *, storage=StoragePlugin.MCAP, mode=CompressionMode.NONE, definitions=True
    ):
        types = {}
        for connection, _, _ in messages:
            types |= get_types_from_msg(connection.msgdef.data, connection.msgtype)
        store = get_typestore(Stores.EMPTY)
        store.register(types)
        writer = Writer(path, version=9, storage_plugin=storage)
        if mode is not CompressionMode.NONE:
            writer.set_compression(mode, CompressionFormat.ZSTD)
        with writer:
            new = {}
            for connection, time_ns, data in messages:
                if connection.topic not in new:
                    new[connection.topic] = writer.add_connection(
                        connection.topic, connection.msgtype, typestore=store
                    )
                writer.write(new[connection.topic], time_ns, data)
        return path

    return write


@pytest.fixture(scope='session')
def pick_messages(recording, episodes):
    """(connection, time [ns], data) of everything up to the end of the pick."""
    with Reader(recording) as reader:
        return list(reader.messages(stop=episodes['pick'].end_ns + 1))


@pytest.fixture(scope='session')
def few_seconds(pick_messages):
    """The last of them: by then every topic comes steadily."""
    _, end_ns, _ = pick_messages[-1]
    return [message for message in pick_messages if message[1] > end_ns - 4_000_000_000]


@pytest.fixture(scope='session')
def taught(tmp_path_factory):
    """Folders of a rendered scene and of a small model that knows it by heart."""
    from taught import teach  # loads torch, which tests of bags do without

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('vla_r1_training.render.PER_FILE', 1)
        return teach(tmp_path_factory.mktemp('taught'))


@pytest.fixture(scope='session')
def files(tmp_path_factory):
    """Return two rendered files of a few scenes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('vla_r1_training.render.PER_FILE', 4)
        return render('train', 8, tmp_path_factory.mktemp('scenes'))


@pytest.fixture(scope='session')
def nano(tmp_path_factory):
    """Return a folder with the untrained nano model."""
    folder = tmp_path_factory.mktemp('models') / 'nano'
    make_nano(folder, seed=0)
    return folder


@pytest.fixture
def answer_of():
    """Let the model of a folder answer about a black picture, in so many tokens."""

    def answer(folder, tokens):
        config = ReasonerConfig(backend='transformers', device='cpu', max_new_tokens=tokens)
        return make_reasoner(config, str(folder)).answer(
            np.zeros((480, 640, 3), np.uint8), 'pick up the red cube', Task.AFFORDANCE,
            seed=0, on_token=lambda text, n: None, should_stop=lambda: False,
        )  # fmt: skip

    return answer


@pytest.fixture
def config(files, tmp_path):
    """Return a run of six steps."""
    # A process has one precision, until this.
    AcceleratorState._reset_state(reset_partial_state=True)
    return SftConfig(
        scenes=str(files[0].parent), files=2, out=str(tmp_path / 'run'), steps=6, batch_size=2,
        told=2, contradicted=2, warmup_steps=1, decay_steps=3, smooth_steps=4, save_every=2,
        watch_every=100,
    )  # fmt: skip

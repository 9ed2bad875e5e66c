"""A recorded bag is answered again to the byte; what is different is found and told."""

import json
import shutil
import signal
import subprocess

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header
from vla_r1_core.errors import ReasonCode
from vla_r1_core.types import Task
from vla_r1_perception.backends import make_reasoner
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.convert import rgb_to_image
from vla_r1_perception.recorded import RecordedAnswers

QUESTIONS = ('pick up the red cube', 'push the red cube to the left', 'reach the yellow ball')
MODEL = ('-p', 'device:=cpu')


def replay(bag, *options):
    """Run the command and return its process."""
    return subprocess.run(
        ['ros2', 'run', 'vla_r1_perception', 'replay', bag, *options],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def parameters_of(model):
    return (
        'backend:=transformers', f'model:={model}', 'device:=cpu', 'max_new_tokens:=16',
        'seed:=3', 'samples:=2', 'temperature:=1.5',
    )  # fmt: skip


def record(client, bag, *names):
    """Begin to record topics, and return the recorder's process."""
    topics = [f'{client.node.get_namespace()}/{name}' for name in names]
    return subprocess.Popen(['ros2', 'bag', 'record', '-o', bag, *topics])


@pytest.fixture(scope='module')
def recorded(tiny_model, picture, real_process, tmp_path_factory):
    """Return a bag of a model's noisy answers, of its sampled ones, and of a refusal."""
    bag = tmp_path_factory.mktemp('bags') / 'bag'
    with real_process(*parameters_of(tiny_model)) as client:
        recorder = record(client, bag, 'image', 'reasoning', 'overlay')
        client.show(picture.rgb)
        client.wait(lambda: client.images.get_subscription_count() > 1)
        client.wait(lambda: client.node.count_subscribers('reasoning') > 1)
        answers = [client.instruct(words) for words in QUESTIONS]
        client.instruct('')
        client.spin(0.5)
        recorder.send_signal(signal.SIGINT)
        assert recorder.wait(30.0) == 0
    return bag, answers


def test_the_record_holds_all_that_decides_the_answer(recorded, tiny_model):
    _, answers = recorded
    for answer in answers:
        assert answer.error_code == ReasonCode.MALFORMED_ANSWER and len(answer.text) > 5
        assert (answer.model, answer.profile) == ('transformers:tiny', 'vla_r1')
        assert (answer.seed, answer.samples, answer.max_new_tokens) == (3, 2, 16)
        assert answer.temperature == 1.5 and answer.prompt and len(answer.weights_sha256) == 64


def test_every_answer_is_the_same_to_the_byte(recorded, tiny_model, tmp_path):
    bag, answers = recorded
    out = tmp_path / 'out.jsonl'
    done = replay(bag, '--model', tiny_model, '--out', out, *MODEL)
    assert done.returncode == 0, done.stderr
    assert '4 answers: 3 same, 0 different, 1 skipped' in done.stdout
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    texts = {line['replayed']['text'] for line in lines if line['replayed']['verdict'] == 'same'}
    assert texts == {answer.text for answer in answers}
    skipped = next(line for line in lines if line['replayed']['verdict'] == 'skipped')
    assert '101 (INVALID_INSTRUCTION)' in skipped['replayed']['why']


def test_another_seed_gives_other_answers_which_are_told(recorded, tiny_model):
    done = replay(recorded[0], '--model', tiny_model, '-p', 'seed:=4', *MODEL)
    assert done.returncode == 1
    assert '0 same, 3 different' in done.stdout
    assert QUESTIONS[0] in done.stderr + done.stdout
    assert '+ ' in done.stderr + done.stdout


def test_another_backend_tells_the_weights_and_the_code(recorded):
    done = replay(recorded[0], '--backend', 'scripted')
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert 'code 107 -> 0' in told and '-> none' in told


def test_what_cannot_be_replayed_says_what_to_do(recorded, tmp_path, tiny_model):
    bag, _ = recorded
    nothing = replay(tmp_path)
    assert nothing.returncode == 2 and 'cannot be read' in nothing.stderr
    torn = shutil.copytree(bag, tmp_path / 'torn')
    file = next(torn.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:-1000])
    half = replay(torn)
    assert half.returncode == 2 and 'ros2 bag reindex' in half.stderr
    unknown = replay(bag)  # a name alone does not tell where its folder is
    assert unknown.returncode == 2 and "no model folder 'tiny'" in unknown.stderr
    wrong = replay(bag, '-p', 'sead:=1')
    assert wrong.returncode == 2 and 'seed' in wrong.stderr
    typed = replay(bag, '-p', 'seed:=one')
    assert typed.returncode == 2 and 'seed is a int' in typed.stderr
    topic = replay(bag, '--image-topic', '/nowhere')
    assert topic.returncode == 2 and '/image' in topic.stderr


def test_a_reasoner_gives_the_recorded_text_for_the_recorded_settings(
    recorded, tiny_model, picture
):
    """The same without the command: nothing but the record and the picture decides."""

    answer = recorded[1][0]
    config = ReasonerConfig(
        backend='transformers', device='cpu', max_new_tokens=answer.max_new_tokens,
        samples=answer.samples, temperature=answer.temperature,
    )  # fmt: skip
    said = make_reasoner(config, str(tiny_model)).answer(
        picture.rgb, answer.instruction,
        Task(answer.task), seed=answer.seed, on_token=lambda text, n: None,
        should_stop=lambda: False,
    )  # fmt: skip
    assert answer.text in (said.text, *said.others)


@pytest.fixture(scope='module')
def compressed(tiny_model, picture, real_process, tmp_path_factory):
    """Return two bags of the same answers about JPEGs, and what is before their topics' names.

    One bag holds raw images of the same headers, too, which show something else.
    """
    folder = tmp_path_factory.mktemp('compressed')
    jpeg = cv2.imencode('.jpg', picture.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    with real_process(*parameters_of(tiny_model), 'image_transport:=compressed') as client:
        images = client.node.create_publisher(CompressedImage, 'image/compressed', 5)

        def show():
            header = Header(frame_id='camera', stamp=client.node.get_clock().now().to_msg())
            client.images.publish(rgb_to_image(255 - picture.rgb, header))
            kind = 'rgb8; jpeg compressed bgr8'
            images.publish(CompressedImage(header=header, format=kind, data=jpeg.tobytes()))

        client.node.create_timer(0.1, show)
        names = ('reasoning', 'image/compressed', 'overlay/compressed', 'depth/compressed')
        recorders = [
            record(client, folder / 'one', *names),
            record(client, folder / 'both', 'image', *names),
        ]
        overlay, depth = (
            client.node.create_publisher(CompressedImage, f'{name}/compressed', 5)
            for name in ('overlay', 'depth')
        )
        for publisher in (overlay, depth):
            client.wait(lambda p=publisher: p.get_subscription_count() > 1)
        client.wait(lambda: images.get_subscription_count() > 2)
        client.wait(lambda: client.images.get_subscription_count())
        client.wait(lambda: client.node.count_subscribers('reasoning') > 2)
        overlay.publish(CompressedImage(format='rgb8; jpeg compressed bgr8', data=jpeg.tobytes()))
        depth.publish(CompressedImage(format='16UC1; png compressed ', data=b'depth'))
        for words in QUESTIONS:
            client.instruct(words)
        client.spin(0.5)
        for recorder in recorders:
            recorder.send_signal(signal.SIGINT)
        assert [recorder.wait(30.0) for recorder in recorders] == [0, 0]
        yield folder / 'one', folder / 'both', client.node.get_namespace()


def test_answers_about_compressed_images_are_the_same_to_the_byte(compressed, tiny_model):
    done = replay(compressed[0], '--model', tiny_model, *MODEL)
    assert done.returncode == 0, done.stderr
    assert '3 answers: 3 same' in done.stdout


def test_of_raw_and_compressed_images_the_raw_ones_are_taken_unless_told_otherwise(
    compressed, tiny_model, picture
):
    _, both, space = compressed
    with RecordedAnswers(both) as answers:
        assert all(np.array_equal(answer.image, 255 - picture.rgb) for answer in answers)
    topic = ('--image-topic', f'{space}/image/compressed')
    told = replay(both, '--model', tiny_model, *topic, *MODEL)
    assert told.returncode == 0 and '3 same' in told.stdout, told.stderr


def test_a_conversation_is_replayed_with_what_was_said_before(picture, real_process, tmp_path):
    bag = tmp_path / 'talk'
    with real_process('backend:=scripted', 'context:=1') as client:
        recorder = record(client, bag, 'image', 'reasoning')
        client.show(picture.rgb)
        client.wait(lambda: client.images.get_subscription_count() > 1)
        client.wait(lambda: client.node.count_subscribers('reasoning') > 1)
        client.instruct('pick up the red ball')
        answer = client.instruct('no, the other one')
        client.spin(0.5)
        recorder.send_signal(signal.SIGINT)
        assert recorder.wait(30.0) == 0
    assert answer.error_code == ReasonCode.NONE, answer.error_msg
    done = replay(bag)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '2 answers: 2 same' in done.stdout
    with RecordedAnswers(bag) as records:
        first, second = sorted(records, key=lambda each: len(each.context))
    assert first.context == ()
    assert [exchange.instruction for exchange in second.context] == ['pick up the red ball']

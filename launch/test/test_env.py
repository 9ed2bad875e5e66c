"""`. ./env.sh` gives a shell in which ros2 works, from any folder."""

from pathlib import Path
import shlex
import subprocess

ROOT = Path(__file__).resolve().parents[2]


def shell(command, **options):
    environment = {'HOME': '/tmp', 'PATH': '/usr/local/bin:/usr/bin:/bin'}
    return subprocess.run(
        ['bash', '-c', command], env=environment, capture_output=True, text=True, **options
    )


def test_ros2_finds_the_packages_from_another_folder(tmp_path):
    command = 'pwd && ros2 run vla_r1_planner instruct --help'
    done = shell(f'. {ROOT}/env.sh && {command}', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))
    assert 'instruct' in done.stdout


def test_sourcing_twice_adds_nothing(tmp_path):
    paths = '"$PATH:$PYTHONPATH:$AMENT_PREFIX_PATH:$LD_LIBRARY_PATH" | tr : "\\n" | sort -u'
    source = f'. {ROOT}/env.sh'
    once = shell(f'{source} && echo {paths}', cwd=tmp_path).stdout
    twice = shell(f'{source} && {source} && echo {paths}', cwd=tmp_path).stdout
    assert once == twice


SEGMENT = """
import os, rclpy
rclpy.init()
node = rclpy.create_node('test')
maps = open('/proc/self/maps').read().split()
segments = {word for word in maps if word.startswith(('/dev/shm/fastrtps_', '/dev/shm/fastdds_'))}
print('largest', max(os.path.getsize(name) for name in segments))
"""


def test_the_shared_memory_holds_camera_frames(tmp_path):
    variables = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
    code = f'unset {" ".join(variables)}; . {ROOT}/env.sh && python -c {shlex.quote(SEGMENT)}'
    done = shell(code, cwd=tmp_path)
    assert int(done.stdout.split('largest')[1]) >= 32 << 20


def test_an_unbuilt_checkout_says_what_to_do(tmp_path):
    (tmp_path / 'env.sh').write_text((ROOT / 'env.sh').read_text())
    done = shell('. ./env.sh', cwd=tmp_path)
    assert done.returncode == 1
    assert 'make build' in done.stderr

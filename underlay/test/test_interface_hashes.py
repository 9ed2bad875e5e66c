"""The interfaces that underlay/ supplies are the real ones: same fields, order and types."""

import json
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
import pytest

REAL = json.loads(Path(__file__).with_name('interface_hashes.json').read_text())['hashes']
PACKAGES = sorted({name.split('/')[0] for name in REAL})
# The reference hashes of control_msgs are 6.x; Jazzy's 5.x lacks two fields of the feedback.
NOT_COMPARED = {
    'control_msgs/action/FollowJointTrajectory',
    'control_msgs/action/FollowJointTrajectory_Feedback',
    'control_msgs/action/FollowJointTrajectory_FeedbackMessage',
}


def installed_hashes(package):
    share = Path(get_package_share_directory(package))
    for path in share.glob('*/*.json'):
        for entry in json.loads(path.read_text()).get('type_hashes', []):
            if entry['type_name'].startswith(package + '/'):
                yield entry['type_name'], entry['hash_string']


@pytest.mark.parametrize('package', PACKAGES)
def test_type_hashes_equal_the_real_ones(package):
    installed = dict(installed_hashes(package))
    wanted = {name: value for name, value in REAL.items() if name.startswith(package + '/')}
    assert {name: installed.get(name) for name in wanted} == wanted


@pytest.mark.parametrize('package', PACKAGES)
def test_no_interface_escapes_the_comparison(package):
    underlay = Path(__file__).parents[1] / package
    own = {
        f'{package}/{path.parent.name}/{path.stem}'
        for path in underlay.glob('*/*')
        if path.suffix in ('.msg', '.srv', '.action')
    }
    assert own
    assert own <= set(REAL) | NOT_COMPARED

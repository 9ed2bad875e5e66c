from pathlib import Path

from setuptools import setup

package_name = 'vla_r1'


def files(pattern):
    return sorted(str(path) for path in Path().glob(pattern))


setup(
    name=package_name,
    version='0.1.0',
    packages=[],
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
        ('share/' + package_name + '/launch', files('*.launch.py')),
        ('share/' + package_name + '/config', files('config/*.*')),
        ('share/' + package_name + '/config/robots', files('config/robots/*')),
        ('share/' + package_name + '/rviz', files('rviz/*')),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='VLA-R1 for ROS 2 maintainers',
    maintainer_email='maintainers@example.com',
    description='Bringup of VLA-R1: reasoner, planner, simulator.',
    license='Apache-2.0',
)

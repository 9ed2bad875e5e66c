from setuptools import find_packages, setup

package_name = 'ros2cli'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='VLA-R1 for ROS 2 maintainers',
    maintainer_email='maintainers@example.com',
    description='A small `ros2` command for machines without an apt ROS.',
    license='Apache-2.0',
    # No setup.cfg on purpose: unlike a node's executable (lib/NAME), this script belongs into
    # bin, which colcon puts on PATH.
    entry_points={'console_scripts': ['ros2 = ros2cli.cli:main']},
)

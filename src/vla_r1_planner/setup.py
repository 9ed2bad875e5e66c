from setuptools import find_packages, setup

package_name = 'vla_r1_planner'

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
    description='From a box or a trace in the image to MoveIt goals, motion and a coded outcome.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'planner = vla_r1_planner.planner_node:main',
            'instruct = vla_r1_planner.instruct_node:main',
            'watchdog = vla_r1_planner.watchdog_node:main',
        ],
    },
)

from setuptools import find_packages, setup

package_name = 'moveit_ros_move_group'

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
    description="Stand-in for MoveIt's move_group, for machines without apt ROS.",
    license='Apache-2.0',
    entry_points={
        'console_scripts': ['move_group = moveit_ros_move_group.move_group_node:main'],
    },
)

from setuptools import find_packages, setup

package_name = 'tf2_ros_py'

setup(
    name=package_name,
    version='0.36.4',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='VLA-R1 for ROS 2 maintainers',
    maintainer_email='maintainers@example.com',
    description='Stand-in for the Python tf2_ros on machines without apt ROS.',
    license='Apache-2.0',
)

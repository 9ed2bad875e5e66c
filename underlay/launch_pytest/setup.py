from setuptools import find_packages, setup

package_name = 'launch_pytest'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    entry_points={'pytest11': ['launch_pytest = launch_pytest.plugin']},
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='VLA-R1 for ROS 2 maintainers',
    maintainer_email='maintainers@example.com',
    description='Stand-in for launch_pytest: tests around launched processes.',
    license='Apache-2.0',
)

from pathlib import Path

from setuptools import find_packages, setup

package_name = 'vla_r1_sim'
robots = ('piper', 'ur5e')
urdfs = [f'urdf/{robot}.urdf.xacro' for robot in robots]

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
        ('share/' + package_name + '/urdf', ['urdf/macros.xacro', *urdfs]),
        *(
            (f'share/{package_name}/{folder}', sorted(map(str, Path(folder).iterdir())))
            for folder in (f'config/{robot}' for robot in robots)
        ),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='VLA-R1 for ROS 2 maintainers',
    maintainer_email='maintainers@example.com',
    description='A MuJoCo tabletop with an arm and an RGB-D camera.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'sim = vla_r1_sim.sim_node:main',
            'scene_preview = vla_r1_sim.scene_preview:main',
        ],
    },
)

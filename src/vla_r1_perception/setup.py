from setuptools import find_packages, setup

package_name = 'vla_r1_perception'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    package_data={package_name: ['models/*/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='VLA-R1 for ROS 2 maintainers',
    maintainer_email='maintainers@example.com',
    description='The reasoner of VLA-R1: from an image and an instruction to a box or a trace.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'reasoner = vla_r1_perception.reasoner_node:main',
            'replay = vla_r1_perception.replay:main',
            'get_model = vla_r1_perception.get_model:main',
        ]
    },
)

from pathlib import Path

from setuptools import find_packages, setup

package_name = 'vla_r1_training'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
        ('share/' + package_name + '/config', sorted(map(str, Path().glob('config/*.yaml')))),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='VLA-R1 for ROS 2 maintainers',
    maintainer_email='maintainers@example.com',
    description='From bags to episodes, labels, datasets and trained models.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'annotate = vla_r1_training.annotate:main',
            'average = vla_r1_training.average:main',
            'export = vla_r1_training.export:main',
            'import = vla_r1_training.import_json:main',
            'grpo = vla_r1_training.grpo:main',
            'ingest = vla_r1_training.ingest:main',
            'evaluate = vla_r1_training.evaluate:main',
            'render = vla_r1_training.render:main',
            'report = vla_r1_training.run_report:main',
            'sft = vla_r1_training.sft:main',
        ]
    },
)

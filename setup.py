# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The package as colcon (ament_python) and pip build it; pinned versions are in requirements.txt."""

from glob import glob

from setuptools import find_packages, setup

NODES = (
    "room_node",
    "source_node",
    "guidance_node",
    "tracker_node",
    "planner_node",
    "robot_node",
    "recorder_node",
    "operator_node",
)

setup(
    name="ir_guidance",
    version="0.1.0",
    description="Image-guided needle placement on ROS 2; research software, not a medical device.",
    author="the ir_guidance authors",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["ir_guidance", "ir_guidance.*"]),
    package_data={
        "ir_guidance": [
            "profiles/*.yaml",
            "robot/*.urdf",
            "robot/gazebo/*.sdf",
            "robot/gazebo/*.yaml",
            "models/*.onnx",
            "models/*.json",
            "models/*.md",
            "nodes/*.xml",
        ]
    },
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/ir_guidance"]),
        ("share/ir_guidance", ["package.xml"]),
        ("share/ir_guidance/launch", glob("launch/*.launch.py")),
        ("share/ir_guidance/launch/config", glob("launch/config/*.yaml")),
    ],
    # ROS itself is not listed: pip must not fetch the wheels where a full install is sourced.
    install_requires=[
        "matplotlib",
        "mcap",
        "mujoco",
        "numpy>=1.26",
        "opencv-python-headless",
        "pillow",
        "pydantic>=2",
        "pydicom>=3",
        "python-gdcm",
        "pyyaml",
        "rich",
        "scipy",
        "typer",
    ],
    extras_require={"test": ["pytest"]},  # without it colcon runs no test, in silence
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "ir-guidance = ir_guidance.cli:main",
            *(f"{node} = ir_guidance.nodes.{node}:main" for node in NODES),
        ]
    },
)

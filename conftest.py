"""One ROS domain for each test run, so that two runs on one machine never hear each other."""

import os

import domain_coordinator

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


def pytest_sessionstart(session):
    session.stash_domain = domain_coordinator.domain_id()
    os.environ['ROS_DOMAIN_ID'] = str(session.stash_domain.__enter__())


def pytest_sessionfinish(session):
    session.stash_domain.__exit__(None, None, None)

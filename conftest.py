"""What holds for every test run: a ROS domain of its own, and no failure that goes unseen."""

import os
import signal

import domain_coordinator

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


def pytest_sessionstart(session):
    # Tests end processes as Ctrl-C does, which children of a shell's background job do not hear.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Two runs on one machine must never hear each other.
    session.stash_domain = domain_coordinator.domain_id()
    os.environ['ROS_DOMAIN_ID'] = str(session.stash_domain.__enter__())


def pytest_sessionfinish(session):
    session.stash_domain.__exit__(None, None, None)


def pytest_terminal_summary(terminalreporter):
    """Show why tests failed that passed when they were run again (`--reruns`, see `make test`)."""
    for report in terminalreporter.stats.get('rerun', []):
        terminalreporter.section(f'failed, and was run again: {report.nodeid} ({report.when})')
        terminalreporter.write_line(report.longreprtext)
        for name, text in report.sections:
            terminalreporter.write_line(f'--- {name}\n{text}')

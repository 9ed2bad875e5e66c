"""Children: their start, output, end, respawn, and the events about them."""

import asyncio
import os
import sys

from launch import LaunchDescription, LaunchService
from launch.actions import (
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    SetLaunchConfiguration,
    Shutdown,
    TimerAction,
    UnregisterEventHandler,
)
from launch.event_handlers import OnProcessExit, OnProcessIO, OnProcessStart, OnShutdown
from launch.events import matches_action
from launch.events.process import ShutdownProcess, SignalProcess
from launch.substitutions import LaunchConfiguration
import pytest


def launch(*entities):
    """Launch entities; return the exit status."""
    service = LaunchService(noninteractive=True)
    service.include_launch_description(LaunchDescription(entities))
    return service.run()


def shell(script, **kwargs):
    return ExecuteProcess(cmd=['sh', '-c', script], **kwargs)


def call(function):
    return OpaqueFunction(function=lambda context: function())


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_output_and_exit_status_are_kept():
    process = shell('echo out; echo err >&2; exit 3', cached_output=True)
    assert process.return_code is None
    assert launch(process) == 0
    assert process.return_code == 3
    assert process.get_stdout() == 'out\n'
    assert process.get_stderr() == 'err\n'


def test_output_is_kept_only_if_asked_for():
    process = shell('echo out')
    launch(process)
    with pytest.raises(RuntimeError, match='cached'):
        process.get_stdout()


def test_command_and_environment_are_made_of_substitutions():
    value = LaunchConfiguration('value')
    process = shell(
        ['echo ', value, ' $OWN $INHERITED'], additional_env={'OWN': value}, cached_output=True
    )
    os.environ['INHERITED'] = 'from outside'
    try:
        launch(SetLaunchConfiguration('value', 'x'), process)
    finally:
        del os.environ['INHERITED']
    assert process.get_stdout() == 'x x from outside\n'


def test_an_environment_may_replace_ours(tmp_path):
    process = shell(
        'echo $HOME-$OWN; pwd',
        env={'OWN': '1', 'PATH': os.environ['PATH']},
        cwd=str(tmp_path),
        cached_output=True,
    )
    launch(process)
    assert process.get_stdout() == f'-1\n{tmp_path}\n'


def test_a_shell_reads_the_command_if_asked_to():
    process = ExecuteProcess(cmd=['echo a |', 'tr a b'], shell=True, cached_output=True)
    launch(process)
    assert process.get_stdout() == 'b\n'


def test_processes_are_named_and_numbered():
    first, second = shell('true', name='sim'), ExecuteProcess(cmd=['/bin/sh', '-c', 'true'])
    launch(first, second)
    name, number = first.process_details['name'].rsplit('-', 1)
    assert name == 'sim'
    assert second.process_details['name'] == f'sh-{int(number) + 1}'


def test_events_tell_of_start_output_and_end():
    process, seen = shell('echo out; echo err >&2; exit 2'), []
    handlers = [
        OnProcessStart(
            target_action=process, on_start=lambda event, context: seen.append(event.pid)
        ),
        OnProcessIO(
            target_action=process,
            on_stdout=lambda event: seen.append(event.text),
            on_stderr=lambda event: seen.append(event.text),
        ),
        OnProcessExit(
            target_action=process, on_exit=lambda event, context: seen.append(event.returncode)
        ),
        OnProcessExit(target_action=lambda action: False, on_exit=[Shutdown(reason='never')]),
    ]
    assert launch(*map(RegisterEventHandler, handlers), process) == 0
    assert seen[0] == process.process_details['pid']
    assert sorted(seen[1:3]) == [b'err\n', b'out\n']
    assert seen[3:] == [2]


def test_handlers_can_be_unregistered():
    process, seen = shell('true'), []
    handler = OnProcessExit(on_exit=[call(lambda: seen.append('exit'))])
    launch(RegisterEventHandler(handler), UnregisterEventHandler(handler), process)
    assert seen == []


def test_a_handler_needs_a_process_as_target():
    with pytest.raises(TypeError):
        OnProcessExit(target_action='sim', on_exit=[])


def test_on_exit_runs_what_it_is_given():
    second = shell('echo second', cached_output=True)
    assert launch(shell('true', on_exit=[second])) == 0
    assert second.get_stdout() == 'second\n'


def test_the_end_of_a_required_process_ends_the_others():
    other = ExecuteProcess(cmd=['sleep', '60'])
    assert launch(other, shell('exit 1', on_exit=Shutdown(reason='required'))) == 0
    assert other.return_code == -2
    assert not is_alive(other.process_details['pid'])


def test_a_process_is_respawned_as_often_as_allowed():
    exits = []
    process = shell('exit 1', respawn=True, respawn_delay=0.05, respawn_max_retries=2)
    handler = OnProcessExit(
        target_action=process, on_exit=lambda event, context: exits.append(event.pid)
    )
    assert launch(RegisterEventHandler(handler), process) == 0
    assert len(set(exits)) == 3


def test_shutdown_ends_respawning():
    process = shell(
        'true', respawn=LaunchConfiguration('again', default='true'), respawn_delay=30.0
    )
    assert launch(process, TimerAction(period=0.5, actions=[Shutdown()])) == 0


def test_signals_reach_the_process_they_are_meant_for():
    process, other = shell('sleep 60'), shell('sleep 1; exit 7')
    emit = EmitEvent(
        event=SignalProcess(signal_number='SIGKILL', process_matcher=matches_action(process))
    )
    handler = OnProcessStart(target_action=process, on_start=[emit])
    assert launch(RegisterEventHandler(handler), process, other) == 0
    assert process.return_code == -9
    assert other.return_code == 7


def test_one_process_can_be_shut_down():
    process = ExecuteProcess(cmd=['sleep', '60'])
    other = shell('sleep 1; exit 7')
    emit = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(process)))
    handler = OnProcessStart(target_action=process, on_start=[emit])
    assert launch(RegisterEventHandler(handler), process, other) == 0
    assert (process.return_code, other.return_code) == (-2, 7)


@pytest.mark.parametrize(
    ('ignored', 'ended_by'),
    [
        ('', -2),
        ('signal.signal(signal.SIGINT, signal.SIG_IGN);', -15),
        (
            'signal.signal(signal.SIGINT, signal.SIG_IGN);'
            'signal.signal(signal.SIGTERM, signal.SIG_IGN);',
            -9,
        ),
    ],
)
def test_who_does_not_listen_is_ended_by_harder_signals(ignored, ended_by):
    process = ExecuteProcess(
        cmd=[
            sys.executable,
            '-S',
            '-c',
            f'import signal, time; {ignored}'
            'signal.signal(signal.SIGINT, signal.SIG_DFL) '
            'if signal.getsignal(signal.SIGINT) is signal.default_int_handler else None;'
            'print("up", flush=True); time.sleep(60)',
        ],
        sigterm_timeout='0.3',
        sigkill_timeout='0.3',
    )
    handler = OnProcessIO(target_action=process, on_stdout=lambda event: Shutdown())
    assert launch(RegisterEventHandler(handler), process) == 0
    assert process.return_code == ended_by
    assert not is_alive(process.process_details['pid'])


def test_a_timer_runs_out_unless_the_launch_is_shut_down():
    seen = []
    assert (
        launch(
            TimerAction(period=0.1, actions=[call(lambda: seen.append('early')), Shutdown()]),
            TimerAction(period=30.0, actions=[call(lambda: seen.append('late'))]),
        )
        == 0
    )
    assert seen == ['early']


def test_shutdown_is_told_with_its_reason():
    reasons = []
    handler = OnShutdown(on_shutdown=lambda event, context: reasons.append(event.reason))
    assert launch(RegisterEventHandler(handler), Shutdown(reason='enough')) == 0
    assert reasons == ['enough']


def test_nothing_is_started_after_shutdown():
    late = shell('true')
    timer = TimerAction(period=0.1, actions=[late], cancel_on_shutdown=False)
    handler = OnShutdown(on_shutdown=[timer])
    assert launch(RegisterEventHandler(handler), Shutdown()) == 0
    assert late.return_code is None


def test_an_exception_in_a_launch_file_ends_everything_and_is_a_failure():
    process = ExecuteProcess(cmd=['sleep', '60'])

    def fail(context):
        raise ValueError('boom')

    assert launch(process, TimerAction(period=0.5, actions=[OpaqueFunction(function=fail)])) == 1
    assert not is_alive(process.process_details['pid'])


def test_a_process_action_is_executed_once():
    process = shell('true')
    assert launch(process, process) == 1


def test_unknown_keywords_are_refused():
    with pytest.raises(TypeError):
        ExecuteProcess(cmd=['true'], no_such_keyword=True)


def test_a_service_runs_beside_other_coroutines():

    async def run():
        service = LaunchService(noninteractive=True)
        process = ExecuteProcess(cmd=['sleep', '60'])
        service.include_launch_description(LaunchDescription([process]))
        running = asyncio.ensure_future(service.run_async())
        while 'pid' not in (process.process_details or {}):
            await asyncio.sleep(0.02)
        await service.shutdown()
        return await running, process.return_code

    assert asyncio.run(run()) == (0, -2)

"""The `ros2` command: finds the verb, parses its arguments, runs it.

Only the module of the verb that was asked for is imported, so help is instant and no verb
pays for another one's imports.
"""

import argparse
import importlib
import os
import signal
import sys

DESCRIPTION = (
    'A small `ros2` for machines without an apt installation of ROS 2. '
    'The verbs it has take the options of the full command.'
)

# command or (command, verb) -> (module, one line of help)
COMMANDS = {
    'launch': ('launch', 'Run a launch file'),
    'run': ('run', 'Run an executable of a package'),
}
GROUPS = {
    'action': (
        'Look at actions and send goals',
        {
            'info': ('action.info', 'Show the clients and servers of an action'),
            'list': ('action.list', 'List the actions'),
            'send_goal': ('action.send_goal', 'Send a goal and wait for its result'),
        },
    ),
    'bag': (
        'Record and play bags',
        {
            'info': ('bag.info', 'Show what a bag contains'),
            'play': ('bag.play', 'Publish the messages of a bag'),
            'record': ('bag.record', 'Record topics into a bag'),
        },
    ),
    'node': ('Look at nodes', {'list': ('node.list', 'List the nodes')}),
    'param': (
        'Read and set parameters',
        {
            'get': ('param.get', 'Show the value of a parameter'),
            'list': ('param.list', 'List the parameters'),
            'set': ('param.set', 'Set a parameter'),
        },
    ),
    'service': (
        'Look at services and call them',
        {
            'call': ('service.call', 'Call a service'),
            'list': ('service.list', 'List the services'),
        },
    ),
    'topic': (
        'Look at topics, listen and publish',
        {
            'echo': ('topic.echo', 'Print the messages of a topic'),
            'hz': ('topic.hz', 'Print the rate of a topic'),
            'info': ('topic.info', 'Show the type, publishers and subscribers of a topic'),
            'list': ('topic.list', 'List the topics'),
            'pub': ('topic.pub', 'Publish messages'),
            'type': ('topic.type', 'Show the type of a topic'),
        },
    ),
}


def _choose(parser: argparse.ArgumentParser, noun: str, helps: dict[str, str], argv: list[str]):
    """Return the command or verb that argv starts with; None if help was printed instead."""
    lines = '\n'.join(f'  {name:<10} {text}' for name, text in sorted(helps.items()))
    parser.epilog = f'{noun}s:\n{lines}\n\n`{parser.prog} <{noun}> -h` shows the options of one.'
    parser.usage = f'%(prog)s [-h] <{noun}> ...'
    if not argv or argv[0] in ('-h', '--help'):
        parser.print_help()
        return None
    if argv[0] not in helps:
        parser.error(
            f"no {noun} '{argv[0]}': this small `ros2` (for machines without an apt ROS) "
            f'has only {", ".join(sorted(helps))}. An apt installation has the full command.'
        )
    return argv[0]


def _parser(prog: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=prog,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _find(argv: list[str]):
    """Return (prog, module name, help line, the verb's own argv), or None after printing help."""
    helps = {name: text for name, (_, text) in COMMANDS.items()}
    helps |= {name: text for name, (text, _) in GROUPS.items()}
    command = _choose(_parser('ros2', DESCRIPTION), 'command', helps, argv)
    if command is None:
        return None
    if command in COMMANDS:
        return (f'ros2 {command}', *COMMANDS[command], argv[1:])
    text, verbs = GROUPS[command]
    helps = {name: text for name, (_, text) in verbs.items()}
    verb = _choose(_parser(f'ros2 {command}', text), 'verb', helps, argv[1:])
    if verb is None:
        return None
    return (f'ros2 {command} {verb}', *verbs[verb], argv[2:])


def _run(argv: list[str]):
    found = _find(argv)
    if found is None:
        return 0
    prog, module_name, text, rest = found
    verb = importlib.import_module(f'ros2cli.{module_name}')
    parser = _parser(prog, text)
    verb.add_arguments(parser)
    return verb.main(parser.parse_args(rest))


def main() -> int | str | None:
    """Run the command line.

    Returns:
        What `sys.exit` takes: a status, or a message for stderr (status 1).
    """
    # A pipe must see each message when it is printed, not when 8 kB have come together.
    sys.stdout.reconfigure(line_buffering=True)
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        return signal.SIGINT
    except BrokenPipeError:
        # The reader (`| head`) has had enough. Python flushes stdout again at exit, which must
        # not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except _external_shutdown():
        return signal.SIGTERM
    except RuntimeError as error:
        return str(error)


def _external_shutdown() -> type[Exception]:
    """Return what rclpy raises after SIGTERM; imported only once something has been raised."""
    from rclpy.executors import ExternalShutdownException

    return ExternalShutdownException

"""Numbers on the command line."""

import argparse


def positive_int(text: str) -> int:
    """Return `text` as an int > 0, for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError('value must be a positive integer')
    return int(text)


def nonnegative_int(text: str) -> int:
    """Return `text` as an int >= 0, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError('value must be positive or zero')
    return int(text)


def positive_float(text: str) -> float:
    """Return `text` as a float > 0, for argparse."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError('expects a number') from error
    if not value > 0.0:
        raise argparse.ArgumentTypeError('value must be positive')
    return value

"""What can be done while launching a test."""

from .ready_to_test import ReadyToTest

__all__ = ['ReadyToTest']

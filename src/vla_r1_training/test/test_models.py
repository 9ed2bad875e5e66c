"""What a machine computes slowly is told before a run begins."""

import logging

import pytest
import torch
from vla_r1_training.runs.models import has_bf16, warn_if_slow


@pytest.mark.parametrize(
    ('capabilities', 'expected'),
    [
        ({'avx512_bf16': True, 'amx_bf16': False}, True),
        ({'avx512_bf16': False, 'amx_bf16': True}, True),
        ({'bf16': True}, True),
        ({'avx512_bf16': False, 'avx512_f': True, 'cpu_name': 'Xeon'}, False),
        ({}, False),
    ],
)
def test_bf16_is_known_by_what_the_cpu_can_do(capabilities, expected):
    assert has_bf16(capabilities) is expected


def test_a_warning_comes_when_this_cpu_lacks_it_and_only_then(caplog):
    fast = torch.accelerator.is_available() or has_bf16(torch.cpu.get_capabilities())
    with caplog.at_level(logging.WARNING):
        warn_if_slow('fp32')
        assert not caplog.records
        warn_if_slow('bf16')
    assert [record.levelname for record in caplog.records] == ([] if fast else ['WARNING'])

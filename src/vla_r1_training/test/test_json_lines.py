"""Lines that survive a kill, and files of others that survive us."""

import json

import pytest
from vla_r1_training.runs.json_lines import JsonLines


def test_lines_come_back_and_an_unfinished_last_one_is_cut_off(tmp_path):
    path = tmp_path / 'new' / 'lines.jsonl'
    with JsonLines(path) as lines:
        places = [lines.add({'row': row, 'text': 'Öl'}) for row in range(3)]
        assert json.loads(lines.at(places[1])) == {'row': 1, 'text': 'Öl'}
    with path.open('ab') as file:
        file.write(b'{"row": 3, "te')
    with JsonLines(path) as lines:
        assert [place for place, _ in lines] == places
        lines.add({'row': 4})
        assert [json.loads(line)['row'] for _, line in lines] == [0, 1, 2, 4]


def test_a_line_may_be_read_between_others(tmp_path):
    with JsonLines(tmp_path / 'lines.jsonl') as lines:
        first = lines.add([0])
        lines.add([1])
        assert [(json.loads(line), json.loads(lines.at(first))) for _, line in lines] == [
            ([0], [0]),
            ([1], [0]),
        ]


def test_a_file_of_another_kind_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / 'model.bin'
    path.write_bytes(b'weights')
    with JsonLines(path) as lines, pytest.raises(ValueError, match='is no file of JSON lines'):
        list(lines)
    assert path.read_bytes() == b'weights'

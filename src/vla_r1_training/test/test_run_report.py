"""The page about a run holds what the run left, and needs no other file."""

import base64
from html.parser import HTMLParser
import json
import re

from matplotlib.figure import Figure
import numpy as np
import pytest
from vla_r1_training.exams.results import as_dict, Result
from vla_r1_training.run_report import main, write_report
from vla_r1_training.runs.curves import _moving_mean, _thinned, curves

HASH = 'ab12' * 16


@pytest.fixture
def run(tmp_path):
    """Return the folder of a run, with pictures of five moments."""
    folder = tmp_path / 'a <run>'
    folder.mkdir()
    rows = [{'step': i, 'reward': i / 20, 'kl': 0.01 * i, 'seconds': 60.0} for i in range(1, 21)]
    rows.append({'step': 20, 'watch': {'iou': 0.5}})
    (folder / 'log.jsonl').write_text(''.join(json.dumps(row) + '\n' for row in rows))
    (folder / 'config.yaml').write_text('learning_rate: 3.0e-05\nmodel: <none>\n')
    about = {'command': ['grpo', '--config', 'x.yaml'], 'revision': 'abcdef', 'seed': 7,
             'inputs': {'scenes.parquet': HASH}}  # fmt: skip
    (folder / 'run.json').write_text(json.dumps(about))
    for step in (4, 8, 12, 16, 20):
        Figure(figsize=(1, step)).savefig(folder / f'answers-{step:06}.png')
    return folder


class Page(HTMLParser):
    """Sources of pictures, and the tags that are still open."""

    def __init__(self, text):
        super().__init__()
        self.sources, self.open, self.text = [], [], ''
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ('src', 'href')]
        if tag not in ('meta', 'img'):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(folder):
    page = Page(write_report(folder).read_text())
    assert not page.open
    return page


def test_it_needs_no_other_file(run):
    page = read(run)
    assert len(page.sources) == 4  # the curves, and pictures of three moments
    kinds = [re.match('data:([^;]+);base64,', source)[1] for source in page.sources]
    assert kinds == ['image/svg+xml', *['image/png'] * 3]
    first, *_, last = [base64.b64decode(s.partition(',')[2]) for s in page.sources[1:]]
    assert first == (run / 'answers-000004.png').read_bytes()
    assert last == (run / 'answers-000020.png').read_bytes()


def test_it_tells_settings_and_where_the_run_comes_from(run):
    text = read(run).text
    for expected in ('a <run>', '20 steps in 20.0 min', '<none>', '3e-05', 'abcdef', HASH,
                     'grpo --config x.yaml'):  # fmt: skip
        assert expected in text
    assert 'Before and after' not in text


def test_before_and_after_are_told_and_kept(run, tmp_path):
    results = [
        Result('before', 'test', (), {'iou': (0.5, 0.4, 0.6, 9.0), 'valid': (1.0, 1.0, 1.0, 9.0)}),
        Result('after', 'test', (), {'iou': (0.71, 0.65, 0.8, 9.0), 'dfd': (40, 30.5, 50.2, 9)}),
    ]
    file = tmp_path / 'both.json'
    file.write_text(json.dumps({'results': as_dict(results)}))
    assert main([str(run), '--evaluation', str(file)]) == 0
    text = read(run).text  # written again, without the file
    assert text.index('50.0 [40.0, 60.0]') < text.index('71.0 [65.0, 80.0]')
    assert '40.0 [30.5, 50.2]' in text


def test_a_run_that_has_only_begun_has_a_page(tmp_path):
    (tmp_path / 'log.jsonl').write_text('')
    assert '0 steps' in read(tmp_path).text


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert 'is no run' in capsys.readouterr().err


def test_only_panels_with_values_are_drawn(monkeypatch):
    titles = []
    add = Figure.add_subplot

    def spy(self, *args, **kwargs):
        axes = add(self, *args, **kwargs)
        titles.append(axes)
        return axes

    monkeypatch.setattr(Figure, 'add_subplot', spy)
    curves([{'step': 1, 'kl': 0.1, 'other': 5}, {'step': 2, 'watch': {'iou': 0.3}}])
    assert [axes.get_title() for axes in titles] == [
        'KL to the first model',
        'held-back pictures: share',
    ]
    assert titles[0].lines[0].get_xydata().tolist() == [[1.0, 0.1]]


def test_a_moving_mean_is_that_of_the_neighbours():
    values = np.random.default_rng(0).random(60)
    mean = _moving_mean(values)  # over three on each side
    assert mean[30] == pytest.approx(values[27:34].mean())
    assert mean[0] == pytest.approx(values[:4].mean())
    assert mean[-1] == pytest.approx(values[-4:].mean())


def test_a_long_curve_is_thinned_by_averaging():
    steps = np.arange(3000.0)
    thin = _thinned(np.column_stack([steps, steps * 2]))
    assert len(thin) == 300
    assert thin[0].tolist() == [4.5, 9.0]

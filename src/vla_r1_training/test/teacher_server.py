"""A server that speaks OpenAI's protocol and thinks by rule, with the moods it is told to have.

    python teacher_server.py LOG MOODS.json    prints its port

MOODS: instruction → what to do at its first, second, ... request, before it behaves. LOG gets a
line of JSON for each request.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
from pathlib import Path
import re
import socket
import sys
import threading
import time

LOCK = threading.Lock()
KEY = 'secret-key'
LOG, MOODS = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
under_way, asked = 0, {}


def think(text):
    """Return a thought as the prompt asks for it."""
    instruction = re.search('Instruction: (.*)', text)[1]
    name = re.search(r'the (\w+ \w+)', instruction)[1]
    answer = re.search('Right answer: (.*)', text)
    parsing = f'Task parsing: the instruction asks for the "{name}".'
    if not answer:
        first, second = (
            ('Scene understanding', 'Affordance localization')
            if 'as a box' in text
            else ('Object and gripper localization', 'Scene analysis')
        )
        last = 'Feasibility check' if 'as a box' in text else 'Trajectory logic'
        missing = f'the {name} is not there.'
        return f'{parsing}\n{first}: I look; {missing}\n{second}: again, {missing}\n{last}: none.'
    values = json.loads(answer[1])
    if isinstance(values, dict):
        x, y, width, height = (f'{v:.3f}' for v in values.values())
        return (
            f'{parsing}\nScene understanding: there is a {name} on the table, and a wall behind.\n'
            f'Affordance localization: the {name} has its centre at ({x}, {y}), its width is '
            f'{width} and its height {height}.\nFeasibility check: it stands alone.'
        )
    points = [f'({x:.3f}, {y:.3f})' for x, y in values]
    return (
        f'{parsing}\nObject and gripper localization: the {name} lies ahead of the gripper.\n'
        f'Scene analysis: nothing is in the way.\nTrajectory logic: a straight line of '
        f'{len(points)} points from {points[0]} to {points[-1]}.'
    )


def wrong(thought):
    """Return a thought that contradicts the answer: every coordinate is another."""
    return re.sub(r'0\.\d+', lambda n: f'{(float(n[0]) + 0.3) % 1:.3f}', thought)


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.headers['Authorization'] == f'Bearer {KEY}-wrong':
            self.send(401, {'error': {'message': f'bad key {KEY}-wrong'}})
        else:
            self.send(200, {'object': 'list', 'data': [{'id': 'sage', 'object': 'model'}]})

    def do_POST(self):
        global under_way
        body = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        content = body['messages'][1]['content']
        text = content[1]['text']
        instruction = re.search('Instruction: (.*)', text)[1]
        with LOCK:
            under_way += 1
            number = asked[instruction] = asked.get(instruction, -1) + 1
            line = {
                'instruction': instruction,
                'under_way': under_way,
                'key': self.headers['Authorization'],
                'url': content[0]['image_url']['url'][:22],
                'said_back': [m['content'] for m in body['messages'][3:]],
            }
            with LOG.open('a') as file:
                file.write(json.dumps(line) + '\n')
        time.sleep(0.05)
        moods = MOODS.get(instruction, MOODS.get('*', []))
        mood = moods[number] if number < len(moods) else 'good'
        with LOCK:
            under_way -= 1
        self.answer(mood, think(text))

    def answer(self, mood, thought):
        match mood:
            case '429':
                self.send(429, {'error': {'message': 'slow down'}}, {'Retry-After': '0.1'})
            case '500' | '400' | '404':
                self.send(int(mood), {'error': {'message': 'no', 'key': KEY}})
            case 'hang':
                time.sleep(60)
            case 'drop':
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
            case 'garbage':
                self.raw(b'<html>bad gateway</html>', 'text/html')
            case 'half':
                self.raw(json.dumps(completion(thought)).encode()[:40], 'application/json')
            case 'empty':
                self.send(200, {'id': '1', 'object': 'chat.completion', 'choices': []})
            case 'cut':
                self.send(200, completion(thought, 'length'))
            case 'wrong':
                self.send(200, completion(wrong(thought)))
            case 'tags':
                self.send(200, completion(f'<think>{thought}</think>'))
            case 'good':
                self.send(200, completion(thought))

    def send(self, status, data, headers=None):
        self.raw(json.dumps(data).encode(), 'application/json', status, headers)

    def raw(self, data, kind, status=200, headers=None):
        self.send_response(status)
        for name, value in {'Content-Type': kind, 'Content-Length': len(data),
                            **(headers or {})}.items():  # fmt: skip
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)


def completion(thought, finish='stop'):
    message = {'role': 'assistant', 'content': thought}
    choice = {'index': 0, 'message': message, 'finish_reason': finish}
    usage = {'prompt_tokens': 1, 'completion_tokens': 7, 'total_tokens': 8}
    return {
        'id': '1', 'object': 'chat.completion', 'created': 0, 'model': 'sage',
        'choices': [choice], 'usage': usage,
    }  # fmt: skip


if __name__ == '__main__':
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()

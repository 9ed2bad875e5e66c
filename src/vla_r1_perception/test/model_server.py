"""A model folder behind OpenAI's protocol, as vLLM speaks it, with the moods it is told to have.

    python model_server.py FOLDER PORT [TLS_PORT CERTIFICATE]

Each line on its standard input starts a serving process (a fork that has the model), whose id it
prints; when the input ends, all end. POST /moods takes a list: what to do at the next requests for
a completion; afterwards it behaves. GET /seen tells the requests, and how much was computed.
"""

import asyncio
import base64
import json
import os
import signal
import sys
import threading

import cv2
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
import numpy as np
import torch
from transformers import Qwen2_5_VLForConditionalGeneration, set_seed, StoppingCriteria
import uvicorn
from vla_r1_perception.processor import load_processor

FLOOD = 100_000_000  # [bytes]
FOLDER = sys.argv[1]
processor = load_processor(FOLDER)
model = Qwen2_5_VLForConditionalGeneration.from_pretrained(FOLDER).eval()
app = FastAPI()
moods = []
seen = {'requests': [], 'tokens': 0, 'running': 0, 'sent': 0, 'left': 0}


class Run(StoppingCriteria):
    """One generation in a thread: its tokens come through a queue, None at the end."""

    def __init__(self, body, pace_s=0.0, words=None):
        self.loop, self.queue = asyncio.get_running_loop(), asyncio.Queue()
        self.left, self.pace_s = threading.Event(), pace_s
        content = body['messages'][0]['content']
        pictures = [part['image_url']['url'] for part in content if part['type'] == 'image_url']
        data = base64.b64decode(pictures[0].partition(',')[2])
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        parts = [{'type': 'image'} if p['type'] == 'image_url' else p for p in content]
        text = processor.apply_chat_template(
            [{'role': 'user', 'content': parts}], add_generation_prompt=True, tokenize=False
        )
        self.inputs = processor(text=[text], images=[image], return_tensors='pt')
        self.prompt_tokens = self.inputs['input_ids'].shape[1]
        self.words = processor.tokenizer.encode(words) if words else None
        self.most = len(self.words) if words else body.get('max_tokens') or 100
        self.seed, self.temperature = body.get('seed'), body.get('temperature', 1.0)
        threading.Thread(target=self.generate, daemon=True).start()

    @torch.inference_mode()
    def generate(self):
        seen['running'] += 1
        options = {'do_sample': self.temperature > 0}
        if options['do_sample']:
            options['temperature'] = self.temperature
        if self.words:
            options['prefix_allowed_tokens_fn'] = lambda _, ids: [
                self.words[len(ids) - self.prompt_tokens]
            ]
        if self.seed is not None:
            set_seed(self.seed)
        model.generate(
            **self.inputs, **options, max_new_tokens=self.most, stopping_criteria=[self]
        )
        seen['running'] -= 1
        self.tell(None)

    def tell(self, what):
        self.loop.call_soon_threadsafe(self.queue.put_nowait, what)

    def __call__(self, input_ids, scores, **_):
        seen['tokens'] += 1
        self.tell(input_ids[0, self.prompt_tokens :].tolist())
        self.left.wait(self.pace_s)
        return torch.full((len(input_ids),), self.left.is_set())


def event(delta=None, finish=None, index=0, **more):
    choice = {'index': index, 'delta': delta, 'finish_reason': finish}
    choices = [] if delta is None else [choice]
    chunk = {'id': '1', 'object': 'chat.completion.chunk', 'created': 0, 'model': 'tiny'}
    return f'data: {json.dumps({**chunk, "choices": choices, **more})}\n\n'


async def said(run, body, name='content', ends=True):
    """Yield the events of one generation; a character is sent when it is whole."""
    sent, ids = 0, []
    yield event({'role': 'assistant', 'content': ''})
    while (now := await run.queue.get()) is not None:
        ids = now
        text = processor.tokenizer.decode(ids)
        if len(text) > sent and not text.endswith('\ufffd'):
            yield event({name: text[sent:]})
            sent = len(text)
    if rest := processor.tokenizer.decode(ids)[sent:]:
        yield event({name: rest})
    if not ends:
        return
    yield event({}, 'stop' if run.words else 'length')
    if (body.get('stream_options') or {}).get('include_usage'):
        counts = {'prompt_tokens': run.prompt_tokens, 'completion_tokens': len(ids)}
        yield event(usage={**counts, 'total_tokens': sum(counts.values())})
    yield 'data: [DONE]\n\n'


async def flood(piece):
    """Yield a piece until there are 100 MB of it."""
    while seen['sent'] < FLOOD:
        yield piece
        seen['sent'] += len(piece)
        await asyncio.sleep(0)  # to hear that nobody listens any more


async def drip():
    """Yield a byte now and then."""
    while True:
        yield b' '
        await asyncio.sleep(0.1)


async def then_wait(pieces):
    async for piece in pieces:
        yield piece
    await asyncio.sleep(3600)


async def several(*pieces):
    for piece in pieces:
        yield piece


def in_turns(texts):
    """Return the events of several answers, a character of each in turn, as vLLM mixes them."""
    longest = max(map(len, texts))
    return [
        event({'content': text[n]}, index=i)
        for n in range(longest)
        for i, text in enumerate(texts)
        if n < len(text)
    ]


async def apart(first, second, body):
    """A thought, set apart as a reasoning parser does, and then the answer."""
    for name, run in (('reasoning', first), ('content', second)):
        async for piece in said(run, body, name, ends=run is second):
            yield piece


async def until_left(run, pieces):
    """Yield pieces; stop all computing when the client leaves, which cancels this."""
    whole = False
    try:
        async for piece in pieces:
            yield piece
        whole = True
    finally:
        seen['left'] += not whole
        run.left.set()


class Nothing:
    left = threading.Event()


@app.post('/v1/chat/completions')
async def complete(request: Request):
    body = await request.json()
    key = request.headers.get('authorization')
    content = body['messages'][0]['content']
    asked = {name: value for name, value in body.items() if name != 'messages'}
    kinds = [part['type'] for part in content]
    urls = [part['image_url']['url'][:22] for part in content if 'image_url' in part]
    mood, _, detail = (moods.pop(0) if moods else 'good').partition(':')
    seen['requests'].append({**asked, 'key': key, 'kinds': kinds, 'url': urls[0], 'mood': mood})
    seen['sent'] = 0
    run, kind, status = Nothing(), 'text/event-stream', 200
    match mood:
        case 'good' | 'say' | 'slow' | 'cut':
            run = Run(body, 1.0 if mood == 'slow' else 0.0, detail)
            pieces = said(run, body, ends=mood != 'cut')
        case 'many':
            texts = detail.split('|')
            pieces = several(*in_turns(texts), *(event({}, 'stop', i) for i in range(len(texts))))
        case 'apart':
            first, second = detail.split('|')
            run = Run(body, words=first)
            pieces = apart(run, Run(body, words=second), body)
        case 'hang':  # it says nothing at all
            while not await request.is_disconnected():
                await asyncio.sleep(0.01)
            seen['left'] += 1
            return PlainTextResponse('')
        case 'prefill':  # nothing but headers
            pieces = then_wait(several())
        case 'stall':
            pieces = then_wait(several(event({'content': 'so far'})))
        case 'garbage':
            pieces = several(b'data: \xff\xfe\x00garbage\n\n')
        case 'half':
            pieces = several(event({'content': 'so far'}), event({'content': 'no'})[:40], '\n\n')
        case 'other':
            pieces = several('data: {"choices": [{"delta": {"content": [1]}}]}\n\n')
        case 'event':
            pieces = several(event({'content': 'so far'}), f'data: {{"error": "{detail}"}}\n\n')
        case 'html':
            kind, pieces = 'text/html', several('<html>It works!</html>')
        case 'endless line':
            pieces = flood('data: ' + 'x' * 65536)
        case 'endless event':
            pieces = flood('data: ' + 'x' * 65536 + '\n')
        case 'endless answer':
            pieces = flood(event({'content': 'x' * 1000}))
        case 'endless error':
            kind, status, pieces = 'text/plain', 500, flood('x' * 65536)
        case _:
            headers = {'Retry-After': detail} if detail else {}
            said_too = f'no: {key} {"x" * 1000}'
            return JSONResponse({'error': {'message': said_too}}, int(mood), headers)
    return StreamingResponse(until_left(run, pieces), status, media_type=kind)


@app.get('/v1/models')
async def models(request: Request):
    if moods and moods[0].startswith('models'):
        names = moods.pop(0).partition(':')[2]
        if names == 'hang':
            await asyncio.sleep(3600)
        if names == 'html':
            return PlainTextResponse('It works!')
        if names == 'drip':
            return StreamingResponse(drip(), media_type='application/json')
        if names == 'endless':
            seen['sent'] = 0
            return StreamingResponse(flood('x' * 65536), media_type='application/json')
        return {'object': 'list', 'data': [{'id': n} for n in names.split(',') if n]}
    if request.headers['authorization'] == 'Bearer wrong-key':
        return JSONResponse({'error': 'the key wrong-key is wrong'}, 401)
    return {'object': 'list', 'data': [{'id': 'tiny', 'object': 'model'}]}


@app.post('/moods')
async def set_moods(request: Request):
    moods[:] = await request.json()


@app.get('/seen')
async def tell():
    return seen


async def end_with(parent):
    """End this process when its parent has been killed."""
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    os._exit(1)


async def serve():
    options = {'app': app, 'host': '127.0.0.1', 'log_level': 'warning'}
    servers = [uvicorn.Server(uvicorn.Config(port=int(sys.argv[2]), **options))]
    if len(sys.argv) > 3:
        tls = {'port': int(sys.argv[3]), 'ssl_certfile': sys.argv[4]}
        servers.append(uvicorn.Server(uvicorn.Config(**tls, **options)))
    await asyncio.gather(*(server.serve() for server in servers), end_with(os.getppid()))


def main():
    serving = 0
    for _ in sys.stdin:
        if serving:
            os.waitpid(serving, 0)
        serving = os.fork()
        if not serving:
            sys.exit(asyncio.run(serve()))
        print(serving, flush=True)
    if serving:
        os.kill(serving, signal.SIGKILL)


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()

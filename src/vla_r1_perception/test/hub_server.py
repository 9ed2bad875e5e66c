"""A folder as a repository of a Hugging Face hub: `hub_server.py FOLDER PORT`.

Files of weights are told as LFS files, as the real hub does. The file `broken`, if it is there,
has names of files whose second half is sent as zeros.
"""

import hashlib
from pathlib import Path
import sys

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
import uvicorn

FOLDER, PORT = Path(sys.argv[1]), int(sys.argv[2])
COMMIT = 'c0ffee' + 34 * '0'
app = FastAPI()


def about(file):
    data = file.read_bytes()
    told = {'rfilename': file.name, 'size': len(data)}
    blob = hashlib.sha1(f'blob {len(data)}\0'.encode() + data).hexdigest()
    if file.suffix == '.safetensors':
        sha256 = hashlib.sha256(data).hexdigest()
        lfs = {'size': len(data), 'sha256': sha256, 'pointerSize': 130}
        return {**told, 'blobId': 40 * 'a', 'lfs': lfs}
    return {**told, 'blobId': blob}


@app.get('/api/models/org/tiny/revision/{revision}')
def info(revision: str):
    if revision not in ('main', COMMIT):
        return JSONResponse({'error': 'no'}, 404, {'X-Error-Code': 'RevisionNotFound'})
    files = [about(file) for file in sorted(FOLDER.iterdir()) if file.name != 'broken']
    return {'id': 'org/tiny', 'sha': COMMIT, 'siblings': files, 'private': False}


@app.get('/api/models/org/tiny/tree/{revision}')
def tree(revision: str):
    return [
        {
            'type': 'file', 'path': told['rfilename'], 'size': told['size'], 'oid': told['blobId'],
            **({'lfs': {**told['lfs'], 'oid': told['lfs']['sha256']}} if 'lfs' in told else {}),
        }
        for told in info(revision)['siblings']
    ]  # fmt: skip


@app.get('/api/models/{rest:path}')
def unknown(rest: str):
    return JSONResponse({'error': 'no'}, 404, {'X-Error-Code': 'RepoNotFound'})


@app.api_route('/org/tiny/resolve/{revision}/{name}', methods=['GET', 'HEAD'])
def resolve(revision: str, name: str, request: Request):
    told = about(FOLDER / name)
    etag = told['lfs']['sha256'] if 'lfs' in told else told['blobId']
    headers = {'X-Repo-Commit': COMMIT, 'ETag': f'"{etag}"', 'Accept-Ranges': 'bytes'}
    data = (FOLDER / name).read_bytes()
    broken = FOLDER / 'broken'
    if request.method == 'GET' and broken.exists() and name in broken.read_text().split():
        data = data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
    return Response(data, headers=headers)


uvicorn.run(app, port=PORT, log_level='warning')

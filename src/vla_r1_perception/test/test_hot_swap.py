"""A better model takes over in the running reasoner: real weights, real processes."""

import shutil

from safetensors.torch import load_file, save_file
from vla_r1_core.errors import ReasonCode
from vla_r1_perception.model_folder import weights_sha256

from vla_r1_msgs.srv import LoadModel


def test_no_request_is_lost_while_the_model_is_swapped(start_real, tiny_model, tmp_path, picture):
    other = tmp_path / 'other'
    shutil.copytree(tiny_model, other)
    weights = load_file(other / 'model.safetensors')
    changed = {name: value.flip(0).contiguous() for name, value in weights.items()}
    save_file(changed, other / 'model.safetensors', metadata={'format': 'pt'})
    before, after = weights_sha256(tiny_model), weights_sha256(other)

    client = start_real(
        'backend:=transformers', f'model:={tiny_model}', 'device:=cpu', 'max_new_tokens:=8'
    )
    client.show(picture.rgb)
    answers = [client.instruct('pick up the red cube')]
    service = client.node.create_client(LoadModel, 'load_model')
    assert service.wait_for_service(10.0)
    swap = service.call_async(LoadModel.Request(model=str(other)))
    while not swap.done():
        answers.append(client.instruct('pick up the red cube'))
    answers.append(client.instruct('pick up the red cube'))

    assert (swap.result().success, swap.result().weights_sha256) == (True, after)
    seen = [answer.weights_sha256 for answer in answers]
    assert list(dict.fromkeys(seen)) == [before, after]
    assert sorted(seen, key=[before, after].index) == seen  # and never back
    # What untrained weights say is noise, but every request is answered with it.
    assert {answer.error_code for answer in answers} == {ReasonCode.MALFORMED_ANSWER}
    assert all(answer.completion_tokens == 8 for answer in answers)
    assert answers[0].text != answers[-1].text

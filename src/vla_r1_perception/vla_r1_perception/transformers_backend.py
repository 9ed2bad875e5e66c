"""Any local folder with a Qwen2.5-VL architecture: VLA-R1 3B, or a nano model of the same kind.

How tokens are drawn is the folder's own business (generation_config.json). A small model on the
CPU that draws the likeliest ones has them computed by `Decoder`; they are the same.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from transformers import Qwen2_5_VLForConditionalGeneration, set_seed, StoppingCriteria
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_core.types import Answer, Task

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.decoder import can_decode, Decoder
from vla_r1_perception.model_folder import check_folder, not_loaded, weights_sha256
from vla_r1_perception.processor import load_processor
from vla_r1_perception.reasoner import OnToken, ShouldStop


class TransformersReasoner:
    """Runs a Qwen2.5-VL model with Hugging Face transformers.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what to do about it.
    """

    def __init__(self, model: str, config: ReasonerConfig) -> None:
        folder = check_folder(model)
        self.name = f'transformers:{folder.resolve().name}'
        self._config = config
        self._device = _device(config.device)
        try:
            self._processor = load_processor(folder)
            self._model, info = Qwen2_5_VLForConditionalGeneration.from_pretrained(
                folder, dtype=config.dtype, local_files_only=True, output_loading_info=True
            )
            self._model.to(self._device).eval()
        except Exception as error:  # a broken folder raises anything, from a dozen libraries
            raise not_loaded(f'{folder} cannot be loaded: {error}') from error
        if info['missing_keys']:
            # Without this the model would answer from random numbers.
            missing = sorted(info['missing_keys'])
            raise not_loaded(f'{folder} lacks {len(missing)} weights, such as {missing[0]}')
        self._decoder = None
        if can_decode(self._model):
            if config.dtype == 'auto':
                self._model.float()  # CPUs compute half precision more slowly
            self._decoder = Decoder(self._model)
        self.weights_sha256 = weights_sha256(folder)
        own_size = self._processor.image_processor.size  # areas [px], whatever the keys say
        self._image_size = {
            'shortest_edge': own_size['shortest_edge'],
            'longest_edge': min(own_size['longest_edge'], config.max_pixels),
        }

    @torch.inference_mode()
    def answer(
        self,
        image: NDArray[np.uint8],
        instruction: str,
        task: Task,
        *,
        seed: int,
        on_token: OnToken,
        should_stop: ShouldStop,
    ) -> Answer:
        """Answer one instruction about one image; see `Reasoner.answer`."""
        prompt = build_prompt(instruction, task)
        inputs = self._inputs(image, prompt).to(self._device)
        prompt_tokens = inputs['input_ids'].shape[1]
        follower = _Follower(self._processor.tokenizer, prompt_tokens, on_token, should_stop)
        if self._decoder:
            self._decoder.generate(inputs, self._config.max_new_tokens, on_token=follower.go_on)
        else:
            set_seed(seed)
            self._model.generate(
                **inputs,
                max_new_tokens=self._config.max_new_tokens,
                stopping_criteria=[follower],
            )
        if follower.stopped:
            raise ReasoningError(ReasonCode.CANCELED, 'the answer was stopped')
        return Answer(
            prompt=prompt,
            text=follower.text,
            prompt_tokens=prompt_tokens,
            completion_tokens=follower.tokens,
        )

    def _inputs(self, image: NDArray[np.uint8], prompt: str) -> Any:
        """Return the model's inputs; the image stands where the prompt's marker does."""
        content = [
            {'type': 'text', 'text': prompt.removesuffix(IMAGE_MARKER)},
            {'type': 'image'},
        ]
        text = self._processor.apply_chat_template(
            [{'role': 'user', 'content': content}], add_generation_prompt=True, tokenize=False
        )
        return self._processor(
            text=[text], images=[image], size=self._image_size, return_tensors='pt'
        )


class _Follower(StoppingCriteria):
    """Looks on at each token: hands the text out, and stops when told."""

    def __init__(
        self, tokenizer: Any, prompt_tokens: int, on_token: OnToken, should_stop: ShouldStop
    ) -> None:
        self._tokenizer = tokenizer
        self._prompt_tokens = prompt_tokens
        self._on_token = on_token
        self._should_stop = should_stop
        self.text = ''
        self.tokens = 0
        self.stopped = False

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any
    ) -> torch.Tensor:
        going = self.go_on(input_ids[0, self._prompt_tokens :].tolist())
        return torch.full((len(input_ids),), not going, device=input_ids.device)

    def go_on(self, said: list[int]) -> bool:
        """Hand out what has been said so far; return whether to say more."""
        self.tokens = len(said)
        self.text = self._tokenizer.decode(said, skip_special_tokens=True)
        self._on_token(self.text, self.tokens)
        self.stopped = self._should_stop()
        return not self.stopped


def _device(wanted: str) -> torch.device:
    """Return the device, of the best kind there is when `wanted` is 'auto'."""
    if wanted == 'auto':
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(wanted)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise not_loaded(f'device {wanted!r} cannot be used here: {error}') from error
    return device

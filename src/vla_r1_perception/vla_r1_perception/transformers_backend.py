"""Any local folder with a Qwen2.5-VL architecture: VLA-R1 3B, or a nano model of the same kind.

Its family may be another one than VLA-R1's, see `profile.py`.

How tokens are drawn is the folder's own business (generation_config.json), but for a temperature
that is asked for. A small model on the CPU has them computed by `Decoder`; the likeliest ones are
the same.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from transformers import set_seed, StoppingCriteria
from vla_r1_core.errors import ReasonCode, ReasoningError
from vla_r1_core.prompt import IMAGE_MARKER
from vla_r1_core.types import Answer, Task

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Exchange
from vla_r1_perception.decoder import can_decode, Decoder
from vla_r1_perception.load_model import load_model
from vla_r1_perception.model_folder import check_folder, not_loaded, weights_sha256
from vla_r1_perception.processor import load_processor
from vla_r1_perception.profile import chosen_profile, messages, shown
from vla_r1_perception.reasoner import OnToken, ShouldStop


class TransformersReasoner:
    """Runs a Qwen2.5-VL model with Hugging Face transformers.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what to do about it.
    """

    def __init__(self, model: str, config: ReasonerConfig) -> None:
        self.profile = chosen_profile(config)
        folder = check_folder(model)
        self.name = f'transformers:{folder.resolve().name}'
        self.config = config
        try:
            self._processor = load_processor(folder)
        except Exception as error:  # a broken folder raises anything, from a dozen libraries
            raise not_loaded(f'{folder} cannot be loaded: {error}') from error
        self._model = load_model(folder, config)
        self._decoder = None
        if config.quantization == 'none' and can_decode(self._model):
            if config.dtype == 'auto':
                self._model.float()  # CPUs compute half precision more slowly
            self._decoder = Decoder(self._model)
        self.weights_sha256 = weights_sha256(
            folder, *([Path(config.adapter).expanduser()] if config.adapter else [])
        )
        own_size = self._processor.image_processor.size  # areas [px], whatever the keys say
        self._image_size = {
            'shortest_edge': own_size['shortest_edge'],
            'longest_edge': min(own_size['longest_edge'], config.max_pixels),
        }
        if config.warm_up:
            self._warm_up()

    @torch.inference_mode()
    def _warm_up(self) -> None:
        """Answer once, shortly: the first answer takes several times as long as the next ones.

        Raises:
            ReasoningError: MODEL_NOT_LOADED, the model cannot answer, for want of memory or so.
        """
        try:
            inputs = self._inputs(np.zeros((480, 640, 3), np.uint8), IMAGE_MARKER)
            self._model.generate(**inputs.to(self._model.device), max_new_tokens=2)
        except Exception as error:
            raise not_loaded(f'{self.name} was loaded, but cannot answer: {error}') from error

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
        context: Sequence[Exchange] = (),
    ) -> Answer:
        """Answer one instruction about one image; see `Reasoner.answer`."""
        prompt = self.profile.prompt(instruction, task)
        inputs = self._inputs(shown(image, self.profile), prompt, context).to(self._model.device)
        prompt_tokens = inputs['input_ids'].shape[1]
        follower = _Follower(self._processor.tokenizer, prompt_tokens, on_token, should_stop)
        said = self._say(inputs, seed, follower)
        if follower.stopped:
            raise ReasoningError(ReasonCode.CANCELED, 'the answer was stopped')
        texts = self._processor.tokenizer.batch_decode(said, skip_special_tokens=True)
        return Answer(
            prompt=prompt,
            text=texts[0],
            prompt_tokens=prompt_tokens,
            completion_tokens=sum(map(len, said)),
            seen_size=self._seen_size(inputs),
            others=tuple(texts[1:]),
        )

    def _say(self, inputs: Any, seed: int, follower: '_Follower') -> list[list[int]]:
        """Return the tokens of each answer, of which the first is followed."""
        config = self.config
        if self._decoder:
            return self._decoder.generate(
                inputs,
                config.max_new_tokens,
                samples=config.samples,
                temperature=config.drawn_at,
                seed=seed,
                on_token=follower.go_on,
            )
        set_seed(seed)
        drawn = {'do_sample': True, 'temperature': config.drawn_at} if config.drawn_at else {}
        rows = self._model.generate(
            **inputs,
            **drawn,
            max_new_tokens=config.max_new_tokens,
            num_return_sequences=config.samples,
            stopping_criteria=[follower],
        )
        pad = self._model.generation_config.pad_token_id
        said = rows[:, inputs['input_ids'].shape[1] :].tolist()
        return [[token for token in row if token != pad] for row in said]

    def _inputs(
        self, image: NDArray[np.uint8], prompt: str, context: Sequence[Exchange] = ()
    ) -> Any:
        """Return the model's inputs; the image stands where the prompt's marker does."""
        text = self._processor.apply_chat_template(
            messages(self.profile, prompt, {'type': 'image'}, context),
            add_generation_prompt=True,
            tokenize=False,
        )
        return self._processor(
            text=[text], images=[image], size=self._image_size, return_tensors='pt'
        )

    def _seen_size(self, inputs: Any) -> tuple[int, int]:
        """Return width and height [px] of the image after the processor has resized it."""
        _, rows, columns = inputs['image_grid_thw'][0].tolist()
        patch = int(self._processor.image_processor.patch_size)
        return columns * patch, rows * patch


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

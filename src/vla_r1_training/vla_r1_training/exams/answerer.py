"""A model from a folder, asked many questions at once, greedily.

Pictures of any size go in as the model's own processor takes them; so any Qwen2.5-VL can be
measured, and it sees what it would see on the robot.
"""

from collections.abc import Sequence
import io
from pathlib import Path

from PIL import Image
import torch
from transformers import Qwen2_5_VLForConditionalGeneration
from vla_r1_core.prompt import build_prompt, IMAGE_MARKER
from vla_r1_core.types import Task
from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.decoder import greedily
from vla_r1_perception.model_folder import check_folder, not_loaded, weights_sha256
from vla_r1_perception.processor import load_processor

from vla_r1_training.formats.dataset import Row


class Answerer:
    """A loaded model.

    Args:
        folder: of a Qwen2.5-VL model.
        max_tokens: of an answer.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what is wrong with the folder.
    """

    def __init__(self, folder: Path, *, max_tokens: int) -> None:
        check_folder(str(folder))
        self.weights_sha256 = weights_sha256(folder)
        self.max_tokens = max_tokens
        self._processor = load_processor(folder)
        self._processor.tokenizer.padding_side = 'left'
        gpu = torch.cuda.is_available()
        self._model, info = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            folder, dtype='auto' if gpu else torch.float32, output_loading_info=True
        )
        if info['missing_keys']:  # they would be random numbers
            raise not_loaded(f'{folder} lacks weights, such as {min(info["missing_keys"])}')
        self._model.to('cuda' if gpu else 'cpu').eval()
        self._say = greedily(self._model)
        own = self._processor.image_processor.size  # areas [px], whatever the keys say
        most = min(own['longest_edge'], ReasonerConfig().max_pixels)
        self._size = {'shortest_edge': own['shortest_edge'], 'longest_edge': most}

    def answer(self, rows: Sequence[Row]) -> list[str]:
        """Return the model's whole text for each row's picture, instruction and task."""
        pictures = [Image.open(io.BytesIO(row['image']['bytes'])).convert('RGB') for row in rows]
        inputs = self._processor(
            text=[self._chat(row) for row in rows],
            images=pictures,
            size=self._size,
            padding=True,
            return_tensors='pt',
        ).to(self._model.device)
        with torch.inference_mode():
            said = self._say(dict(inputs), self.max_tokens)
        texts: list[str] = self._processor.tokenizer.batch_decode(said, skip_special_tokens=True)
        return texts

    def _chat(self, row: Row) -> str:
        prompt = build_prompt(row['instruction'], Task[row['task'].upper()])
        content = [
            {'type': 'text', 'text': prompt.removesuffix(IMAGE_MARKER)},
            {'type': 'image'},
        ]
        chat: str = self._processor.apply_chat_template(
            [{'role': 'user', 'content': content}], add_generation_prompt=True, tokenize=False
        )
        return chat

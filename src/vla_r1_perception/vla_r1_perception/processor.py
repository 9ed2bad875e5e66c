"""Load a Qwen2.5-VL processor with or without torchvision."""

from pathlib import Path
from typing import Any

from transformers import AutoProcessor, ProcessorMixin, Qwen2_5_VLProcessor
from transformers.utils import is_torchvision_available


class ImageOnlyProcessor(Qwen2_5_VLProcessor):
    """The Qwen2.5-VL processor for pictures: its video processor alone needs torchvision."""

    def __init__(
        self,
        image_processor: Any = None,
        tokenizer: Any = None,
        chat_template: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.image_token, self.video_token = '<|image_pad|>', '<|video_pad|>'
        self.image_token_id = tokenizer.convert_tokens_to_ids(self.image_token)
        self.video_token_id = tokenizer.convert_tokens_to_ids(self.video_token)
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)


def load_processor(folder: Path) -> Qwen2_5_VLProcessor:
    """Return the processor of a local model folder."""
    cls = AutoProcessor if is_torchvision_available() else ImageOnlyProcessor
    return cls.from_pretrained(folder, local_files_only=True)

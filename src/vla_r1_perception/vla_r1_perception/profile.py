"""The profile of the model that answers: how it is asked, shown the image, and read."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from vla_r1_core.profile import Profile
from vla_r1_core.profiles import load_profile

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.conversation import Exchange
from vla_r1_perception.model_folder import not_loaded


def chosen_profile(config: ReasonerConfig) -> Profile:
    """Return the profile that the parameters ask for.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, there is no such profile; with those that are known.
    """
    try:
        return load_profile(config.profile)
    except ValueError as error:
        raise not_loaded(f'the parameter profile is wrong: {error}') from error


def shown(image: NDArray[np.uint8], profile: Profile) -> NDArray[np.uint8]:
    """Return the (H, W, 3) image in the shape in which the family wants it to be sent."""
    if profile.unit != 'square_px':
        return image
    side = (profile.side, profile.side)
    return np.asarray(cv2.resize(image, side, interpolation=cv2.INTER_LINEAR), np.uint8)


def messages(
    profile: Profile, prompt: str, image: dict[str, Any], context: Sequence[Exchange] = ()
) -> list[dict[str, Any]]:
    """Return a chat, as servers and chat templates take it.

    Args:
        profile: that made the prompt.
        prompt: with the marker of the image.
        image: the part of the message that stands for it.
        context: what has been said before, which is repeated without its image: the new one shows
            what is there now.
    """
    chat: list[dict[str, Any]] = []
    for exchange in context:
        if exchange.text:
            asked = ''.join(profile.around_image(exchange.prompt)).strip()
            chat.append({'role': 'user', 'content': [_text(asked)]})
            chat.append({'role': 'assistant', 'content': [_text(exchange.text)]})
    before, behind = profile.around_image(prompt)
    content = [*([_text(before)] if before else []), image, *([_text(behind)] if behind else [])]
    return [*chat, {'role': 'user', 'content': content}]


def _text(text: str) -> dict[str, str]:
    return {'type': 'text', 'text': text}

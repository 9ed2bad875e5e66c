"""Load the backend that the parameters ask for."""

from vla_r1_core.errors import ReasonCode, ReasoningError

from vla_r1_perception.config import ReasonerConfig
from vla_r1_perception.reasoner import Reasoner


def make_reasoner(config: ReasonerConfig, model: str) -> Reasoner:
    """Return a loaded reasoner.

    Args:
        config: with the backend.
        model: a local folder or the name of a model that comes with this package; for openai a
            name on the server. Empty: the nano model, or the server's only one.

    Raises:
        ReasoningError: MODEL_NOT_LOADED, with what to do about it.
    """
    # Imported here, so that a scripted reasoner runs on machines without PyTorch.
    if config.backend == 'scripted':
        from vla_r1_perception.scripted import ScriptedReasoner

        return ScriptedReasoner()
    if config.backend == 'transformers':
        try:
            from vla_r1_perception.transformers_backend import TransformersReasoner
        except ImportError as error:
            raise ReasoningError(
                ReasonCode.MODEL_NOT_LOADED,
                f'the transformers backend needs torch and transformers: {error}',
            ) from error
        return TransformersReasoner(model or 'nano', config)
    if config.backend == 'openai':
        try:
            from vla_r1_perception.openai_backend import OpenAIReasoner
        except ImportError as error:
            raise ReasoningError(
                ReasonCode.MODEL_NOT_LOADED,
                f'the openai backend needs the openai package (pip install openai): {error}',
            ) from error
        return OpenAIReasoner(model, config)
    raise ReasoningError(
        ReasonCode.MODEL_NOT_LOADED,
        f'there is no backend {config.backend!r}; choose scripted, transformers or openai',
    )

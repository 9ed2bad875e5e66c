"""Every parameter of the reasoner node: default, unit and bounds, defined once."""

from dataclasses import dataclass

from vla_r1_core.config import param

from vla_r1_perception.conversation import MOST_TURNS


@dataclass(frozen=True)
class ReasonerConfig:
    """Parameters of the reasoner node."""

    backend: str = param(
        'transformers',
        'which kind of model',
        choices=('scripted', 'transformers', 'openai'),
        when_unconfigured=True,
    )
    model: str = param(
        '',
        'transformers: local folder, or nano, which comes with it (empty: nano); openai: name on '
        "the server (empty: the server's only one); load_model swaps it in a running node",
        when_unconfigured=True,
    )
    profile: str = param(
        'vla_r1',
        'transformers, openai: what family the model is of, as in vla_r1_core/profiles.py; or the '
        'path of a YAML file',
        when_unconfigured=True,
    )
    samples: int = param(
        1,
        'transformers, openai: answers to each question, of which the one that most agree with '
        'counts; their share is its score',
        ge=1,
        le=64,
        dynamic=True,
    )
    temperature: float = param(
        0.0,
        'transformers, openai: of the sampler; 0: the likeliest tokens, or 0.7 for many samples',
        ge=0.0,
        le=2.0,
        dynamic=True,
    )
    min_score: float = param(
        0.0,
        'an answer with a lower score is refused as LOW_CONFIDENCE',
        ge=0.0,
        le=1.0,
        dynamic=True,
    )
    autostart: bool = param(True, 'configure and activate at start, without a lifecycle manager')
    seed: int = param(0, 'seed of the sampler', ge=0, dynamic=True)

    context: int = param(
        0,
        'turns that the model is reminded of, so that it understands "no, the left one"; for '
        'models that can converse, which nano cannot',
        ge=0,
        le=MOST_TURNS,
        dynamic=True,
    )
    camera: str = param(
        '',
        "with which the topic begins, as wrist/image; empty: image; must be the planner's, or it "
        'refuses the answers as CAMERA_MISMATCH',
        names_topics=True,
        dynamic=True,
    )
    image_transport: str = param(
        'raw',
        'raw: the topic image; compressed: image/compressed, decoded only when asked about; only '
        'when the node is started',
        choices=('raw', 'compressed'),
    )
    max_image_age_s: float = param(
        2.0, 'oldest image to answer about', unit='s', ge=0.001, dynamic=True
    )
    image_wait_s: float = param(
        2.0, 'for a fresh image before refusing', unit='s', ge=0.0, dynamic=True
    )
    max_instruction_chars: int = param(1000, 'longest instruction', ge=1, dynamic=True)
    answer_timeout_s: float = param(
        120.0, 'give up on an answer after this', unit='s', ge=0.001, dynamic=True
    )
    when_busy: str = param(
        'latest',
        'latest: a newer instruction takes the place of all older ones; queue: each in its turn',
        choices=('latest', 'queue'),
        dynamic=True,
    )
    queue_size: int = param(
        10,
        'queue: most instructions that wait; one more is refused as QUEUE_FULL',
        ge=1,
        le=1000,
        dynamic=True,
    )
    overlay: bool = param(True, 'publish the picture with box, trace and thought', dynamic=True)

    device: str = param(
        'auto', 'transformers: auto, cpu, cuda, cuda:1, ...', when_unconfigured=True
    )
    dtype: str = param(
        'auto',
        'transformers: number format of the weights; auto: as they are saved',
        choices=('auto', 'float32', 'bfloat16', 'float16'),
        when_unconfigured=True,
    )
    quantization: str = param(
        'none',
        'transformers: of the weights, by bitsandbytes, when memory is short',
        choices=('none', '8bit', '4bit'),
        when_unconfigured=True,
    )
    attention: str = param(
        'auto',
        'transformers: how attention is computed; flash_attention_2 needs its own package',
        choices=('auto', 'eager', 'sdpa', 'flash_attention_2'),
        when_unconfigured=True,
    )
    adapter: str = param(
        '',
        'transformers: local folder of a LoRA adapter, merged into the model',
        when_unconfigured=True,
    )
    warm_up: bool = param(
        True,
        'transformers: answer once when the model is loaded, so that the first is not slow',
        when_unconfigured=True,
    )
    max_new_tokens: int = param(
        1024, 'transformers, openai: longest answer', unit='tokens', ge=1, dynamic=True
    )
    max_pixels: int = param(
        1003520,
        'transformers: larger images are scaled down to this',
        unit='px',
        ge=3136,
        when_unconfigured=True,
    )

    server_url: str = param(
        'http://localhost:8000/v1',
        'openai: where a server speaks its protocol (vLLM, ...)',
        when_unconfigured=True,
    )
    key_variable: str = param(
        'OPENAI_API_KEY',
        "openai: environment variable that holds the server's key, if it has one",
        when_unconfigured=True,
    )
    image_encoding: str = param(
        'png',
        "openai: png: the camera's very pixels; jpeg: a seventh of the bytes, for slow networks",
        choices=('png', 'jpeg'),
        dynamic=True,
    )
    jpeg_quality: int = param(95, 'openai: of image_encoding jpeg', ge=1, le=100, dynamic=True)
    connect_timeout_s: float = param(
        5.0, 'openai: to reach the server', unit='s', ge=0.001, dynamic=True
    )
    silence_timeout_s: float = param(
        60.0,
        'openai: give up on a server that sends nothing for this long',
        unit='s',
        ge=0.001,
        dynamic=True,
    )
    max_answer_chars: int = param(
        100_000,
        'openai: stop reading an answer that is longer',
        unit='characters',
        ge=1,
        dynamic=True,
    )
    retries: int = param(
        2,
        'openai: after a refused connection, HTTP 429, 502, 503, 504, with pauses',
        ge=0,
        le=10,
        dynamic=True,
    )

    @property
    def drawn_at(self) -> float:
        """Return the temperature that tokens are drawn at; 0: the likeliest ones."""
        return self.temperature or (0.7 if self.samples > 1 else 0.0)

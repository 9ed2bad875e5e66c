"""What a child writes: cut into lines, logged with its name in front, kept if asked for."""

import codecs
import logging

from ..logging import get_output_loggers


class _Stream:
    """One of stdout and stderr."""

    def __init__(self, prefix: str, logger: logging.Logger, cached: bool) -> None:
        self.__prefix = prefix
        self.__logger = logger
        self.__cached = cached
        self.__decoder = codecs.getincrementaldecoder('utf-8')(errors='replace')
        self.__incomplete_line = ''
        self.__texts: list[str] = []

    def feed(self, data: bytes, final: bool = False) -> None:
        """Log the lines that are complete; with `final`, what is left too."""
        text = self.__decoder.decode(data, final)
        if self.__cached:
            self.__texts.append(text)
        *lines, self.__incomplete_line = (self.__incomplete_line + text).split('\n')
        if final and self.__incomplete_line:
            lines.append(self.__incomplete_line)
            self.__incomplete_line = ''
        for line in lines:
            self.__logger.info(self.__prefix + line)

    def text(self) -> str:
        """Return all text so far, if it is kept."""
        return ''.join(self.__texts)


class ProcessOutput:
    """Both streams of a child, by file descriptor (1: stdout, 2: stderr)."""

    def __init__(self, process_name: str, output_config: object, cached: bool) -> None:
        loggers = get_output_loggers(process_name, output_config)
        self.__streams: dict[int, _Stream] = {
            fd: _Stream(f'[{process_name}] ', logger, cached)
            for fd, logger in enumerate(loggers, start=1)
        }

    def feed(self, fd: int, data: bytes) -> None:
        """Take what the child has written."""
        self.__streams[fd].feed(data)

    def flush(self) -> None:
        """Log incomplete last lines."""
        for stream in self.__streams.values():
            stream.feed(b'', final=True)

    def text(self, fd: int) -> str:
        """Return all that the child has written, if it is kept."""
        return self.__streams[fd].text()

"""Files of leads on their way to a worker: in RQ's Redis, since nothing else is shared with it, not even /tmp.

In pieces, so that neither side ever holds a whole file; squeezed, a file takes less there than its leads will.
"""

import tempfile
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import IO, BinaryIO

from redis import Redis

from fsdialer.errors import NotFound
from fsdialer.store import keys

#: Bytes of a piece before it is squeezed; until an upload that nobody loaded is forgotten (seconds).
PIECE_B, KEPT_S = 1024 * 1024, 86_400


def new() -> str:
    """The id of an upload that begins."""
    return uuid.uuid4().hex


def put(redis: Redis, upload: str, file: IO[bytes]) -> None:
    """Leave a file for a worker. `redis` must not decode what it reads. One that breaks off leaves what it had put."""
    key, piece = keys.upload(upload), file.read(PIECE_B)
    while True:
        with redis.pipeline() as pipe:
            pipe.rpush(key, zlib.compress(piece))
            pipe.expire(key, KEPT_S)
            pipe.execute()
        if not (piece := file.read(PIECE_B)):
            return


@contextmanager
def taken(redis: Redis, upload: str) -> Iterator[BinaryIO]:
    """The file, open; it stays in Redis until `drop`. NotFound when it is not kept any more."""
    with tempfile.TemporaryFile() as file:
        for at in count():
            piece = redis.lindex(keys.upload(upload), at)
            if piece is None:
                break
            file.write(zlib.decompress(piece))
        if at == 0:
            raise NotFound(f"the file is not kept any more, after {KEPT_S // 3600} hours: load it again")
        file.seek(0)
        yield file


def drop(redis: Redis, upload: str) -> None:
    """It has been loaded, or never will be."""
    redis.delete(keys.upload(upload))

"""The one clock all dialers have: Redis'. Their own may differ by seconds."""

from redis import Redis


def redis_time(redis: Redis) -> float:
    """Epoch seconds."""
    seconds, micros = redis.time()
    return float(seconds + micros / 1e6)

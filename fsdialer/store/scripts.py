"""The Lua scripts: files in `lua/`, one per verb, each called by its name with its arguments as text.

Every script validates everything before it writes (Redis has no rollback) and touches one company only.
"""

from functools import cache
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from fsdialer.errors import Refused, StaleOwner

_FOLDER = Path(__file__).parent / "lua"
_REFUSED = "refused:"


@cache
def source(name: str) -> str:
    """The text of a script, what all scripts share in front of it."""
    return (_FOLDER / "_lib.lua").read_text() + (_FOLDER / f"{name}.lua").read_text()


class Scripts:
    """The scripts of one company: ``scripts.run("reserve", …)``."""

    def __init__(self, redis: Redis, root: str) -> None:
        self._redis = redis
        self._root = root
        self._loaded: dict[str, Any] = {}

    def run(self, name: str, *args: object) -> Any:
        """The script's answer. StaleOwner: another dialer owns the campaign. Refused: the script said why."""
        script = self._loaded.get(name)
        if script is None:
            script = self._loaded[name] = self._redis.register_script(source(name))
        try:
            answer = script(keys=[self._root], args=[str(arg) for arg in args])
        except ResponseError as error:
            if "STALE_OWNER" in str(error):
                raise StaleOwner(f"{name}: another dialer owns the campaign now") from None
            raise
        if isinstance(answer, str) and answer.startswith(_REFUSED):
            raise Refused(answer.removeprefix(_REFUSED))
        return answer

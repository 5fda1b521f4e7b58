"""Playing fate: the api command ``lab``, which no real switch has, for tests and the demo."""

import json
from collections.abc import Callable

from fsdialer.lab import dead_phones, hold_keys
from fsdialer.lab.exchange import Exchange
from fsdialer.lab.people import BY_NAME
from fsdialer.lab.places import PHONE_MODES

FATES = {**dead_phones.FATES, **hold_keys.FATES}
USAGE = (
    "-ERR lab phone EXT MODE|hangup|dies|restarts|registers-anew|holds|resumes · "
    "gateway NAME up|down|channels=N|cps=N · number N WHAT · module NAME on|off · "
    "profile NAME on|off · echo on|off · cut · restart · stall SECONDS · counts; "
    f"MODE is one of {', '.join(PHONE_MODES)}; WHAT one of {', '.join(BY_NAME)}\n"
)


class Fate:
    """Fate for one switch. `server` carries out what only the server can: cut, restart, stall."""

    def __init__(self, exchange: Exchange, server: Callable[[str, float], str]) -> None:
        self._exchange = exchange
        self._server = server

    def run(self, argument: str) -> str:
        """The answer of ``lab argument``."""
        try:
            return self._run(argument)
        except ValueError:
            return USAGE

    def _run(self, argument: str) -> str:
        words, exchange = argument.split(), self._exchange
        match words:
            case ["phone", extension, "hangup"]:
                for channel in list(exchange.channels.values()):
                    if channel.kind == "operator" and channel.number == extension:
                        exchange.hang_up(channel, "NORMAL_CLEARING", "recv_bye")
            case ["phone", extension, what] if what in FATES:
                phone = exchange.destinations.phone(extension)
                if phone is None:
                    return "-ERR no such phone\n"
                FATES[what](exchange, phone)
            case ["phone", extension, mode] if mode in PHONE_MODES:
                phone = exchange.destinations.phone(extension)
                if phone is None:
                    return "-ERR no such phone\n"
                if phone.registered and mode == "unregistered":
                    exchange.fire_custom("sofia::unregister", from_user=extension, from_host="127.0.0.1")
                phone.mode = mode
            case ["gateway", name, option] if name in exchange.destinations.gateways:
                exchange.destinations.gateways[name].set(option)
            case ["number", number, what] if what in BY_NAME:
                exchange.destinations.people.chosen[number.lstrip("+")] = BY_NAME[what]
            case ["module", name, "on" | "off" as wanted]:
                _put(exchange.detectors.modules, name, wanted == "on")
            case ["profile", name, "on" | "off" as wanted]:
                _put(exchange.stopped_profiles, name, wanted == "off")
            case ["echo", "on" | "off" as wanted]:
                exchange.deaf = wanted == "off"
            case ["cut"] | ["restart"] | ["stall", _]:
                return self._server(words[0], float(words[1]) if len(words) > 1 else 0.0)
            case ["counts"]:
                return json.dumps(self._counts())
            case _:
                return USAGE
        return "+OK\n"

    def _counts(self) -> dict[str, object]:
        exchange = self._exchange
        gateways = exchange.destinations.gateways.items()
        return {
            "attempts_per_number": exchange.destinations.attempts,
            "peak_live_per_number": exchange.destinations.peak_live,
            "peak_channels_per_gateway": {name: gateway.peak_in_use for name, gateway in gateways},
            "peak_originates_per_second": {name: gateway.peak_per_second for name, gateway in gateways},
            "peak_sessions": exchange.peak_sessions,
        }


def _put(names: set[str], name: str, there: bool) -> None:
    (names.add if there else names.discard)(name)

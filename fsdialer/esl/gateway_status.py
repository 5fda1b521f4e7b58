"""Reading ``sofia status gateway``: rows of a name, a tab and a value."""

#: States of a registration nothing is wrong with: none is wanted, it is there, or the switch did not say.
REGISTRATION_WELL = ("NOREG", "REGED", "")


def read_rows(text: str) -> dict[str, str]:
    """Names and values."""
    rows = (line.partition("\t") for line in text.splitlines())
    return {name.strip(): value.strip() for name, tab, value in rows if tab}


def gateway_state(said: str) -> str:
    """How the switch finds a gateway, in words; ``up`` for one that is. What is not registered is DOWN for that, so the
    registration is looked at first; one that is up while it registers again is up."""
    if said.lstrip().lower().startswith("invalid gateway"):
        return "unknown to the switch"
    rows = read_rows(said)
    status, state = rows.get("Status", ""), rows.get("State", "")
    if status.upper().startswith("UP"):
        return "up"
    if state not in REGISTRATION_WELL:
        return f"not registered: the carrier refused it, or did not answer ({state})"
    return f"down: {status or 'no answer'}"

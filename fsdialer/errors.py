"""Every error of ours, as a tree:

FsdialerError
├── InvalidSetting      a setting, file or argument: names where, what and how to mend it
├── InvalidLead         one row or request for a lead: field and reason
├── NotFound            a company, campaign, operator, lead or call that is not there
├── Refused             asked for something the present state forbids, with the reason in words
├── StaleOwner          a write by a dialer that no longer owns the campaign
└── SwitchError         anything between us and a FreeSWITCH
    ├── SwitchUnreachable   no connection, or it was lost
    │   ├── NobodyListens   the machine answers that there is no switch at this port
    │   └── NotConnected    there was no connection: nothing was sent
    ├── SwitchRefusedUs     wrong password, or not in the switch's access list
    ├── SwitchTimeout       no answer in time; what was asked may or may not have happened
    ├── CommandRefused      the switch answered -ERR or -USAGE
    └── UnsafeCommand       a value that may not stand in a command; nothing was sent
"""


class FsdialerError(Exception):
    """Root of the tree; the message is fit to show to an administrator."""


class InvalidSetting(FsdialerError):
    """`where` names the table and key, e.g. ``company.acme.campaign.spring.multiplier``."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class InvalidLead(FsdialerError):
    """`field` is the column's or attribute's name; `reason` says what is wrong and what would be right."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotFound(FsdialerError):
    """Nothing of that name is in Redis."""


class Refused(FsdialerError):
    """The present state forbids it; the message says why and what would allow it."""


class StaleOwner(FsdialerError):
    """Another dialer owns the campaign now: stop writing and let go of its calls."""


class SwitchError(FsdialerError):
    """Anything between us and a FreeSWITCH."""


class SwitchUnreachable(SwitchError):
    """No connection could be made, or it was lost."""


class NobodyListens(SwitchUnreachable):
    """The machine is there and says that nothing listens at the port: the switch does not run."""


class NotConnected(SwitchUnreachable):
    """There is no connection to the switch, and there was none: nothing was sent."""


class SwitchRefusedUs(SwitchError):
    """Wrong password, or our address is not in the switch's access list; retried slowly."""


class SwitchTimeout(SwitchError):
    """No answer in time. What was asked may or may not have happened: ask before asking again."""


class CommandRefused(SwitchError):
    """The switch answered -ERR or -USAGE; the message is its text."""


class UnsafeCommand(SwitchError):
    """A value that may not stand in a command (line break, separator, unknown shape). Nothing was sent."""

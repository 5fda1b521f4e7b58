"""Every Redis key: its name, its type, what it holds, when it goes. `docs/redis.md` is the same for an admin.

All keys of a company carry the hash tag ``{company}``, so that under Redis Cluster they share a slot and a script
may touch several. No other module spells a key.
"""

from dataclasses import dataclass

PREFIX = "fsdialer"


def companies() -> str:
    """SET: ids of all companies."""
    return f"{PREFIX}:companies"


def session(token: str) -> str:
    """HASH, 12 h: a signed-in browser: company, login, role, operator."""
    return f"{PREFIX}:session:{token}"


def dialer(name: str) -> str:
    """HASH, 15 s: a dialer process that is alive: seen, pid, switches, campaigns, ahead_s."""
    return f"{PREFIX}:dialer:{name}"


def dialers() -> str:
    """SET: names of dialers seen; those whose `dialer` key is gone are dead."""
    return f"{PREFIX}:dialers"


def switches() -> str:
    """SET: names of the switches dialers have met."""
    return f"{PREFIX}:switches"


def switches_log() -> str:
    """STREAM, ~1,000: who drained, took back, limited or forgot which switch, and when."""
    return f"{PREFIX}:switches:log"


def switch(name: str) -> str:
    """HASH: a switch as dialers find it (state, since, reason, trunk, max_sessions, sessions_per_second), and what an
    administrator set: drained, drained_at, channels, calls_per_second."""
    return f"{PREFIX}:switch:{{{name}}}"


def switch_calls(name: str) -> str:
    """ZSET: call uuid → end of its lease (epoch s of Redis): what the switch carries over all companies and dialers."""
    return f"{switch(name)}:calls"


def switch_starts(name: str) -> str:
    """ZSET, 5 s: call uuid → when it was taken (epoch s of Redis), of the last second: its calls-per-second window."""
    return f"{switch(name)}:starts"


def check(name: str) -> str:
    """STRING, 10 s: written by `fsdialer check` to see whether Redis takes anything, and removed."""
    return f"{PREFIX}:check:{name}"


def upload(uuid: str) -> str:
    """LIST, 1 day: a file of leads until a worker has loaded it, in pieces (zlib); in RQ's Redis."""
    return f"{PREFIX}:upload:{uuid}"


def gateway_name(name: str) -> str:
    """HASH: company → since when and where (``*`` or switches) a gateway of this name on the switches is its own."""
    return f"{PREFIX}:gateway:{{{name}}}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one company."""

    company_id: str

    @property
    def root(self) -> str:
        """What every key of the company starts with; scripts build the others from it."""
        return f"{PREFIX}:{{{self.company_id}}}"

    # -- what is set up ------------------------------------------------------------------------------------
    @property
    def company(self) -> str:
        """HASH: the company's settings (name, active, country, hide_numbers, dial_format, retry_*_min)."""
        return f"{self.root}:company"

    @property
    def campaigns(self) -> str:
        """SET: campaign ids."""
        return f"{self.root}:campaigns"

    @property
    def gateways(self) -> str:
        """SET: gateway names."""
        return f"{self.root}:gateways"

    @property
    def operators(self) -> str:
        """SET: operator ids."""
        return f"{self.root}:operators"

    @property
    def extensions(self) -> str:
        """HASH: extension → operator id; what makes an extension unique."""
        return f"{self.root}:extensions"

    @property
    def users(self) -> str:
        """SET: logins."""
        return f"{self.root}:users"

    @property
    def do_not_call(self) -> str:
        """SET: numbers that no campaign of the company calls; kept until somebody takes one off."""
        return f"{self.root}:do_not_call"

    @property
    def do_not_call_why(self) -> str:
        """HASH: number → when and how it came onto the list, in words; nothing for one put there by hand."""
        return f"{self.root}:do_not_call:why"

    def user(self, login: str) -> str:
        """HASH: name, role (operator|admin), operator, password_hash (argon2id)."""
        return f"{self.root}:user:{login}"

    def gateway(self, name: str) -> str:
        """HASH: the gateway's settings."""
        return f"{self.root}:gateway:{name}"

    def gateway_state(self, name: str) -> str:
        """HASH: how the dialer finds the gateway: state in words, since; `on.SWITCH` how each switch finds it."""
        return f"{self.root}:gateway:{name}:state"

    def gateway_refer(self, name: str) -> str:
        """HASH, 1 h: the gateway does not do REFER: reason, at, until. Removing it lets the next customer try."""
        return f"{self.root}:gateway:{name}:refer"

    def gateway_account(self, name: str) -> str:
        """HASH: the gateway's password, as the carrier wants it. Never exported."""
        return f"{self.root}:gateway:{name}:account"

    def settings(self, campaign: str) -> str:
        """HASH: the campaign's settings."""
        return f"{self.root}:{campaign}:settings"

    # -- operators -----------------------------------------------------------------------------------------
    def online(self, campaign: str) -> str:
        """SET: operators on the line: the presence set. Removing one by hand takes them off the line."""
        return f"{self.root}:{campaign}:online"

    def available(self, campaign: str) -> str:
        """ZSET: operator → since when free (epoch s); longest waiting first."""
        return f"{self.root}:{campaign}:available"

    def operator(self, operator: str) -> str:
        """HASH: set-up (name, extension, dial, station, campaigns) and state (state, since, campaign, call, …)."""
        return f"{self.root}:operator:{operator}"

    def softphone(self, operator: str) -> str:
        """HASH, 3 min: the page that has the operator's phone: page, session, salt of its password, since."""
        return f"{self.root}:operator:{operator}:softphone"

    def softphone_asked(self, operator: str) -> str:
        """STRING, 1 h: the salt a switch has asked for last: proof that it asks our web at all."""
        return f"{self.root}:operator:{operator}:softphone:asked"

    def operator_stats(self, operator: str, day: str) -> str:
        """HASH, 40 days: seconds by state (on_call_s, wrap_up_s, …), calls, outcomes of one UTC day."""
        return f"{self.root}:operator:{operator}:stats:{day}"

    @property
    def wrapping(self) -> str:
        """ZSET: operator → when their wrap-up ends (epoch s)."""
        return f"{self.root}:wrapping"

    # -- leads ---------------------------------------------------------------------------------------------
    @property
    def lead_seq(self) -> str:
        """STRING: the last lead id given."""
        return f"{self.root}:lead_seq"

    def lead(self, lead: str) -> str:
        """HASH: number, name, card.* fields, state, attempts, disposition, next_at, preferred, …"""
        return f"{self.root}:lead:{lead}"

    def leads(self, campaign: str) -> str:
        """HASH: number → lead id: every lead of the campaign, and what makes a number unique in it."""
        return f"{self.root}:{campaign}:leads"

    def external_ids(self, campaign: str) -> str:
        """HASH: external id → lead id."""
        return f"{self.root}:{campaign}:external_ids"

    def columns(self, campaign: str) -> str:
        """LIST: titles of the card's fields, in the order of the files its leads came from, the last one's first."""
        return f"{self.root}:{campaign}:columns"

    def zones(self, campaign: str) -> str:
        """SET: the time zones its leads may be in, as in their field `zones`."""
        return f"{self.root}:{campaign}:zones"

    def due(self, campaign: str) -> str:
        """ZSET: lead → score (see `core.leads.due_score`): the lead queue, lowest first."""
        return f"{self.root}:{campaign}:due"

    def waiting(self, campaign: str) -> str:
        """ZSET: lead → when its retry falls due (epoch s)."""
        return f"{self.root}:{campaign}:waiting"

    # -- calls ---------------------------------------------------------------------------------------------
    def number(self, number: str) -> str:
        """STRING: call uuid: this person is being called now. Freed only when the call is closed."""
        return f"{self.root}:number:{number}"

    @property
    def calls(self) -> str:
        """ZSET: live call uuid → lease end (epoch s)."""
        return f"{self.root}:calls"

    def call(self, uuid: str) -> str:
        """HASH: one attempt; kept 7 days after it ended."""
        return f"{self.root}:call:{uuid}"

    def gateway_calls(self, name: str) -> str:
        """SET: uuids of calls using a channel of the gateway."""
        return f"{self.root}:gateway:{name}:calls"

    def gateway_starts(self, name: str) -> str:
        """ZSET: uuid → when it was claimed (epoch s of Redis), of the last second: the calls-per-second window."""
        return f"{self.root}:gateway:{name}:starts"

    def gateway_amd(self, name: str, day: str) -> str:
        """HASH, 400 days: detectors of answering machines against operators' words, DETECTOR.heard|silent.TRUTH."""
        return f"{self.root}:gateway:{name}:amd:{day}"

    @property
    def attempts(self) -> str:
        """HASH, 2 h: minute since 1970 → calls placed in it over all campaigns: what the ceiling of an hour counts."""
        return f"{self.root}:attempts"

    # -- recordings ----------------------------------------------------------------------------------------
    @property
    def recordings(self) -> str:
        """ZSET: call uuid → when it was answered (epoch s): the recordings that are kept."""
        return f"{self.root}:recordings"

    def campaign_recordings(self, campaign: str) -> str:
        """ZSET: the same of one campaign."""
        return f"{self.root}:{campaign}:recordings"

    def recording(self, uuid: str) -> str:
        """HASH: a call's recording: its path, what was found, of whom it is, who heard it."""
        return f"{self.root}:recording:{uuid}"

    def recording_heard(self, uuid: str, by: str, how: str) -> str:
        """STRING, 10 min: this person hears it now: the parts a player asks for are one hearing."""
        return f"{self.root}:recording:{uuid}:{how}:{by}"

    @property
    def recordings_unverified(self) -> str:
        """ZSET: call uuid → when it ended (epoch s): recordings nobody looked at yet."""
        return f"{self.root}:recordings:unverified"

    def recording_lock(self, uuid: str) -> str:
        """STRING, 10 min: a worker is looking at this recording."""
        return f"{self.root}:recording:{uuid}:lock"

    @property
    def recordings_keep(self) -> str:
        """HASH: campaign → days its recordings are kept, as last known."""
        return f"{self.root}:recordings:keep"

    @property
    def recordings_played(self) -> str:
        """STREAM, about 10,000: who heard which recording: at, call, by, how, address."""
        return f"{self.root}:recordings:played"

    # -- alerts --------------------------------------------------------------------------------------------
    @property
    def alerts(self) -> str:
        """ZSET: name of an alert that stands → when it was last said (epoch s)."""
        return f"{self.root}:alerts"

    def alert(self, name: str) -> str:
        """HASH: text, first, last, count; cleared and cleared_by once it is over, then kept for 30 days."""
        return f"{self.root}:alert:{name}"

    # -- running -------------------------------------------------------------------------------------------
    @property
    def feed(self) -> str:
        """STREAM: everything that happened, about the last 10,000 entries."""
        return f"{self.root}:feed"

    def stats(self, campaign: str, day: str) -> str:
        """HASH, 400 days: counters of one UTC day: attempts, answers, bridges, each disposition; `14.busy` by hour."""
        return f"{self.root}:{campaign}:stats:{day}"

    def voice_ms(self, campaign: str) -> str:
        """LIST: the last 1,000 answer-to-voice times in milliseconds."""
        return f"{self.root}:{campaign}:voice_ms"

    def owner(self, campaign: str) -> str:
        """STRING, lease: the dialer that runs the campaign, as NAME#FENCE."""
        return f"{self.root}:{campaign}:owner"

    def fence(self, campaign: str) -> str:
        """STRING: fencing number; grows by one with each change of owner."""
        return f"{self.root}:{campaign}:fence"

    def pace(self, campaign: str) -> str:
        """HASH: the last decision: at, calls, reason in words, the counts it saw."""
        return f"{self.root}:{campaign}:pace"

    def decisions(self, campaign: str) -> str:
        """STREAM, the last hour: pacing decisions, at most one a second: calls, reason in words, the counts seen."""
        return f"{self.root}:{campaign}:decisions"

    def learned(self, campaign: str) -> str:
        """HASH, 40 days: what the pacing policy has learned: policy, at, state (JSON)."""
        return f"{self.root}:{campaign}:learned"

"""Which variables FreeSWITCH and its SIP stack set by themselves, and when, as in the recordings.

`variables.json` holds those of each stage by kind of channel; the rest are worked out here.
"""

import json
import re
import time
import uuid as uuids
from importlib import resources

from fsdialer.lab.channel import Channel
from fsdialer.lab.events import micros
from fsdialer.lab.headers import stamp
from fsdialer.lab.profile import NAME

#: Hangup causes that have a number of Q.850; the others are reported as 16.
Q850 = {
    "UNALLOCATED_NUMBER": 1,
    "NO_ROUTE_DESTINATION": 3,
    "USER_BUSY": 17,
    "NO_USER_RESPONSE": 18,
    "NO_ANSWER": 19,
    "SUBSCRIBER_ABSENT": 20,
    "CALL_REJECTED": 21,
    "DESTINATION_OUT_OF_ORDER": 27,
    "NORMAL_UNSPECIFIED": 31,
    "NORMAL_CIRCUIT_CONGESTION": 34,
    "NETWORK_OUT_OF_ORDER": 38,
    "NORMAL_TEMPORARY_FAILURE": 41,
    "SWITCH_CONGESTION": 42,
    "RECOVERY_ON_TIMER_EXPIRE": 102,
}
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_STAGES: dict[str, dict[str, dict[str, str]]] = json.loads(
    resources.files(__package__).joinpath("variables.json").read_text()
)


def _stage(channel: Channel, stage: str) -> None:
    """Set the variables of a stage, once for all that are the same in every call."""
    values = {
        "uuid": channel.uuid,
        "number": channel.number,
        "name": channel.name,
        "caller_id": channel.profile.caller_number,
        "session": str(channel.session),
        "gateway": channel.gateway.name if channel.gateway else "",
        "proxy": channel.gateway.proxy if channel.gateway else "127.0.0.1:5090",
        "call_id": f"{channel.uuid[:8]}-6178-1240-809b-b6d4b9b97691",
        "tag": channel.uuid[:8],
    }
    channel.update(
        (name, _PLACEHOLDER.sub(lambda match: values[match[1]], value) if "{" in value else value)
        for name, value in _STAGES[channel.kind][stage].items()
    )


def created(channel: Channel, given: dict[str, str]) -> None:
    """The channel is there, with the variables it was `given`."""
    _stage(channel, "created")
    channel.update(given.items())
    channel.set(originate_early_media="false" if given.get("ignore_early_media") == "true" else "true")
    if given.get("sip_auto_answer") == "true":
        channel.update([("sip_h_Call-Info", "<sip:127.0.0.1>;answer-after=0"), ("sip_invite_params", "intercom=true")])
        channel.set(sip_req_uri=channel.get("sip_req_uri") + ";intercom=true")


def called_for(channel: Channel, originator: Channel) -> None:
    """The channel was made by another one's ``bridge``: it knows by whom."""
    channel.set(
        max_forwards="69",
        originator_codec="PCMU@8000h@20i",
        rtp_use_codec_string="PCMU@8000h@20i",
        originator=originator.uuid,
        originating_leg_uuid=originator.uuid,
        signal_bond=originator.uuid,
        switch_m_sdp=originator.get("switch_r_sdp"),
        call_uuid=originator.call_uuid,
        ignore_early_media=originator.get("ignore_early_media"),
        originate_early_media=originator.get("originate_early_media"),
        video_media_flow="inactive",
        origination_uuid="",
    )
    channel.meet(originator, "originator")
    profile = channel.profile
    profile.dialplan, profile.network = originator.profile.dialplan, originator.profile.network
    profile.caller_name, profile.caller_number = originator.profile.caller_name, originator.profile.caller_number
    profile.original_number = originator.profile.original_number


def heard_from(channel: Channel) -> None:
    """The far side said something for the first time."""
    if not channel.get("sip_to_tag"):
        channel.profile.network = "127.0.0.1"
        _stage(channel, "ringing")
        if channel.profile.caller_name and channel.kind == "operator":
            channel.set(sip_from_display=channel.profile.caller_name)


def early(channel: Channel) -> None:
    """The far side sends sound before it answers."""
    sdp = _STAGES[channel.kind]["answered"].get("switch_r_sdp", "")
    channel.set(
        ep_codec_string="CORE_PCM_MODULE.PCMU@8000h@20i@64000b",
        switch_r_sdp=sdp,
        endpoint_disposition="EARLY MEDIA",
    )


def refused(channel: Channel) -> None:
    """The far side, or the network for it, said no before it rang."""
    if channel.get("sip_to_tag"):
        return
    if channel.gateway is not None and channel.gateway.silent:
        channel.set(sip_reply_port="0", sip_network_port="0")
    else:
        channel.profile.network = "127.0.0.1"
        heard = _STAGES[channel.kind]["ringing"]
        names = ("sip_reply_host", "sip_reply_port", "sip_network_ip", "sip_network_port")
        channel.update((name, heard[name]) for name in names)
    channel.set(sip_call_id=f"{channel.uuid[:8]}-6178-1240-809b-b6d4b9b97691")


def answered(channel: Channel) -> None:
    """Somebody picked up."""
    heard_from(channel)
    _stage(channel, "answered")
    if channel.get("originator_codec"):
        channel.set(ep_codec_string="CORE_PCM_MODULE.PCMU@8000h@20i@64000b")


def running(channel: Channel, inline: str = "") -> None:
    """The channel begins to run applications; `inline` is the text of an inline dialplan, if it came by one."""
    channel.hit_dialplan = True
    if inline:
        channel.profile.dialplan = "inline"
        channel.set(max_forwards="70")
        transferred(channel, f"bl_xfer:{inline}/default/inline")
    flipped(channel)


def picked_up(channel: Channel) -> None:
    """The originate is over."""
    channel.set(endpoint_disposition="ANSWER", originate_endpoint="user" if channel.kind == "operator" else "sofia")


def flipped(channel: Channel) -> None:
    """Caller and callee change places."""
    channel.set(pre_transfer_caller_id_number=channel.profile.original_number, channel_cid_flipped="yes")
    channel.profile.flip()


def transferred(channel: Channel, how: str) -> None:
    """The channel has a new profile, and remembers how it came by it."""
    source = f"{int(time.time())}:{uuids.uuid4()}:{how}"
    channel.profile.index += 1
    channel.profile.transfer_source = source
    channel.times.profile_created = micros()
    before = channel.get("transfer_history")
    if before:
        before = (before if before.startswith("ARRAY::") else f"ARRAY::{before}") + "|:"
    channel.set(transfer_source=source, transfer_history=before + source)


def executing(channel: Channel) -> None:
    """An application begins."""
    channel.set(
        current_application=channel.application,
        current_application_response="",
    )
    channel.last = (channel.application, channel.application_data)
    if channel.application_data:
        channel.set(current_application_data=channel.application_data)


def bond(channel: Channel, partner: Channel) -> None:
    """Two are about to be bridged by ``uuid_bridge``: what one of them remembers of itself and the other."""
    profile = channel.profile
    channel.set(
        bridge_channel=partner.name,
        bridge_uuid=partner.uuid,
        signal_bond=partner.uuid,
        original_destination_number=profile.destination,
        original_caller_id_name=profile.caller_name,
        original_caller_id_number=profile.caller_number,
    )
    transferred(channel, f"uuid_br:{partner.uuid}")


def dialled(channel: Channel, partner: Channel, destination: str) -> None:
    """The channel's own ``bridge`` was answered."""
    legs = [f"{uuid};{NAME};{partner.profile.destination}" for uuid in (partner.uuid, partner.uuid)]
    user, _, domain = destination.rpartition("/")[2].partition("@")
    channel.set(
        dialed_user=user,
        dialed_domain=domain,
        originated_legs="ARRAY::" + "|:".join(legs),
        originate_causes=f"ARRAY::{partner.uuid};NONE|:{partner.uuid};NONE",
        switch_m_sdp=partner.get("switch_r_sdp"),
        originate_disposition="SUCCESS",
        DIALSTATUS="SUCCESS",
        signal_bond=partner.uuid,
        video_media_flow="inactive",
        text_media_flow="inactive",
    )
    channel.profile.callee_name, channel.profile.callee_number = NAME, partner.profile.destination
    channel.profile.logical = "inbound"


def not_dialled(channel: Channel, cause: str) -> None:
    """The channel's own ``bridge`` failed."""
    channel.set(originate_failed_cause=cause, originate_disposition=cause, DIALSTATUS=cause)


def bridged(channel: Channel, partner: Channel) -> None:
    """The bridge is up."""
    shown = partner.profile
    if channel.originator:
        name, number = shown.callee_name or shown.callee_number, shown.callee_number
    else:
        name, number = shown.caller_name, shown.caller_number
        channel.set(call_uuid=partner.call_uuid)
    channel.set(
        bridge_to=partner.uuid,
        last_bridge_to=partner.uuid,
        last_sent_callee_id_name=name,
        last_sent_callee_id_number=number,
        bridge_channel=partner.name,
        bridge_uuid=partner.uuid,
    )


def parted(channel: Channel, partner: Channel, cause: str) -> None:
    """`channel` leaves the bridge by its own end, and `partner` is left."""
    channel.set(last_bridge_role="originator" if channel.originator else "originatee", bridge_to="")
    partner.set(
        last_bridge_hangup_cause=cause,
        last_bridge_proto_specific_hangup_cause=channel.get("proto_specific_hangup_cause"),
        sip_hangup_phrase="OK" if channel.hangup_by == "recv_bye" else "",
        bridge_to="",
    )


def hanging_up(channel: Channel) -> None:
    """The end has begun: how it came about, as far as SIP tells."""
    heard_code = channel.sip_status is not None and channel.hangup_by.startswith("recv_")
    if heard_code:
        status = str(channel.sip_status)
        channel.set(
            sip_term_status=status,
            proto_specific_hangup_cause=f"sip:{status}",
            sip_term_cause=str(Q850.get(channel.cause, 16)),
            sip_hangup_disposition=channel.hangup_by,
        )


def ended(channel: Channel) -> None:
    """The channel is over."""
    channel.set(
        hangup_cause=channel.cause,
        hangup_cause_q850=str(Q850.get(channel.cause, 16)),
        digits_dialed="none",
        caller_id=channel.profile.caller_id,
        sip_hangup_disposition=channel.hangup_by,
        last_app=channel.last[0],
        last_arg=channel.last[1],
        bridge_to="",
    )
    if channel.answered:
        _stage(channel, "hung_up")
    elif channel.sip_status is not None:
        channel.set(
            sip_invite_failure_status=str(channel.sip_status),
            sip_invite_failure_phrase=channel.sip_phrase,
        )
    channel.update(_instants(channel))
    channel.update(_spans(channel))


def _instants(channel: Channel) -> list[tuple[str, str]]:
    times = channel.times
    found = [("hold_accum_seconds", "0"), ("hold_accum_usec", "0"), ("hold_accum_ms", "0")]
    for name, at in {
        "start": times.created,
        "profile_start": times.profile_created,
        "answer": times.answered,
        "bridge": times.bridged,
        "last_hold": 0,
        "resurrect": 0,
        "progress": times.progress,
        "progress_media": times.progress_media,
        "end": times.hung_up,
    }.items():
        found += [(f"{name}_epoch", str(at // 1_000_000)), (f"{name}_uepoch", str(at))]
        if at:
            found.append((f"{name}_stamp", stamp(at)))
    return found


def _spans(channel: Channel) -> list[tuple[str, str]]:
    times = channel.times
    talk = times.hung_up - times.answered if times.answered else 0
    found = []
    for name, span in {
        "": times.hung_up - times.created,
        "bill": talk,
        "progress": times.progress - times.created if times.progress else 0,
        "answer": times.answered - times.created if times.answered else 0,
        "wait": times.bridged - times.created if times.bridged else 0,
        "progress_media": times.progress_media - times.created if times.progress_media else 0,
        "flow_bill": talk,
    }.items():
        second, milli, micro = ("sec", "msec", "usec") if name else ("duration", "mduration", "uduration")
        found += [
            (name + second, str(span // 1_000_000)),
            (name + milli, str(span // 1000)),
            (name + micro, str(span)),
        ]
    return found

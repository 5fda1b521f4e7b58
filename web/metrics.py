"""For machines: ``/metrics`` for Prometheus, ``/healthz`` for whoever restarts processes.

Figures come from Redis at the moment they are asked for, so they are the same whichever web process answers. Asked
from this machine, or with FSDIALER_METRICS_TOKEN as bearer; nobody else.
"""

import hmac
import time
from collections.abc import Iterator

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from fsdialer.core.dispositions import Disposition
from fsdialer.core.operators import OperatorState
from fsdialer.core.times import day
from fsdialer.store import Store
from fsdialer.store.ownership import dialers

blueprint = Blueprint("metrics", __name__)
_LABELS = ["company", "campaign"]


@blueprint.route("/healthz")
def healthz() -> tuple[str, int]:
    """200 while Redis answers."""
    try:
        current_app.extensions["fsdialer.store"].redis.ping()
    except RedisError as error:
        return f"Redis: {error}\n", 503
    return "ok\n", 200


@blueprint.route("/metrics")
def metrics() -> Response:
    """Prometheus' text format."""
    token = current_app.extensions["fsdialer.settings"].metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not (token and hmac.compare_digest(given, token)) and request.remote_addr not in ("127.0.0.1", "::1"):
        abort(403, "Metrics are for this machine, or with FSDIALER_METRICS_TOKEN as bearer.")
    registry = CollectorRegistry()
    registry.register(_Figures(current_app.extensions["fsdialer.store"]))
    return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")


class _Figures(Collector):
    """Reads everything at each scrape."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """One family for each figure."""
        operators = GaugeMetricFamily("fsdialer_operators", "Operators by state", labels=[*_LABELS, "state"])
        calls = GaugeMetricFamily("fsdialer_calls", "Live calls by state", labels=[*_LABELS, "state"])
        leads = GaugeMetricFamily("fsdialer_leads", "Leads by where they stand", labels=[*_LABELS, "state"])
        results = CounterMetricFamily(
            "fsdialer_attempts_today", "Attempts of the UTC day", labels=[*_LABELS, "disposition"]
        )
        abandoned = GaugeMetricFamily("fsdialer_abandon_ratio", "Abandoned over answered, today", labels=_LABELS)
        voice = GaugeMetricFamily("fsdialer_voice_seconds", "Answer to voice", labels=[*_LABELS, "quantile"])
        owned = GaugeMetricFamily("fsdialer_campaign_owned", "1 while a dialer runs the campaign", labels=_LABELS)
        alerts = GaugeMetricFamily("fsdialer_alert", "Standing alerts: times said", labels=["company", "name"])
        unverified = GaugeMetricFamily(
            "fsdialer_recordings_unverified", "Recordings nobody looked at yet", labels=["company"]
        )
        now = time.time()
        for company_id in self._store.companies():
            company = self._store.company(company_id)
            for alert in company.alerts.standing():
                alerts.add_metric([company_id, alert.name], alert.count)
            unverified.add_metric([company_id], company.recordings.unverified_count())
            for snapshot in company.stats.snapshots(company.ownership.campaigns(), now):
                campaign = snapshot["campaign"]
                at = [company_id, campaign]
                for state in OperatorState:
                    if state is not OperatorState.OFF:
                        operators.add_metric([*at, state], snapshot["operators"].get(state, 0))
                for name, count in snapshot["calls"].items():
                    calls.add_metric([*at, name], count)
                for name, count in snapshot["leads"].items():
                    leads.add_metric([*at, name], count)
                today = company.stats.day(campaign, day(now))
                for disposition in Disposition:
                    results.add_metric([*at, disposition], today.get(disposition, 0))
                abandoned.add_metric(at, snapshot["abandon_rate"])
                for quantile, ms in (("0.5", snapshot["voice_ms"]["p50"]), ("0.99", snapshot["voice_ms"]["p99"])):
                    if ms is not None:
                        voice.add_metric([*at, quantile], ms / 1000)
                owned.add_metric(at, 1 if snapshot["owner"] else 0)
        alive = GaugeMetricFamily("fsdialer_dialers", "Dialer processes alive")
        alive.add_metric([], len(dialers(self._store.redis)))
        yield from (operators, calls, leads, results, abandoned, voice, owned, alive, alerts, unverified)

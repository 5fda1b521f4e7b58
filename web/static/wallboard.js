// The wallboard: asks for the picture of the moment every second and draws it. All text is put in as text.

import { clock } from './clock.js';

const PATIENCE_MS = 8000; // what is shown is not taken for the present for longer
const campaigns = document.getElementById('campaigns');
const operators = document.getElementById('operators');
const alerts = document.getElementById('alerts');
const trouble = document.getElementById('trouble');

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return element;
}

// Puts what is new in the place of what was, part by part: what has the focus, or is being pressed, is not replaced.
function show(parent, fresh) {
  const shown = [...parent.childNodes];
  fresh.forEach((node, at) => {
    const old = shown[at];
    if (!old) parent.append(node);
    else if (old.isEqualNode(node)) return;
    else if (old.nodeName !== node.nodeName || !(node instanceof Element)) old.replaceWith(node);
    else {
      for (const name of old.getAttributeNames()) if (!node.hasAttribute(name)) old.removeAttribute(name);
      for (const name of node.getAttributeNames()) old.setAttribute(name, node.getAttribute(name));
      show(old, [...node.childNodes]);
    }
  });
  for (const old of shown.slice(fresh.length)) old.remove();
}

const sum = (counts, ...names) => names.reduce((total, name) => total + (counts[name] || 0), 0);
const tile = (value, words, kind = '') =>
  make('div', kind ? { class: kind } : {}, make('span', { class: 'big' }, value), make('span', {}, words));

function campaign(c, now) {
  const ms = c.voice_ms.p50;
  const voice = ms === null ? '–' : ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
  const results = make('table', {}, ...c.results.filter((r) => r.count).map((r) =>
    make('tr', {}, make('td', {}, r.label), make('td', { class: 'n' }, r.count))));
  const retries = make('table', {}, ...c.next_retries.map((r) =>
    make('tr', {}, make('td', {}, `lead ${r.lead}`), make('td', { class: 'n' }, `in ${clock(r.at - now)}`))));
  return make('section', { class: 'panel stack' },
    make('div', { class: 'title' }, make('h1', {}, c.campaign), make('span', { class: 'pill' }, c.mode),
      make('span', { class: 'quiet' }, c.owner ? c.pace.reason || '' : 'No dialer runs this campaign.'),
      make('a', { href: `${campaigns.dataset.pacing}/${encodeURIComponent(c.campaign)}` }, 'Pacing')),
    make('div', { class: 'tiles' },
      tile(c.operators.available || 0, 'free'),
      tile(sum(c.operators, 'on_call', 'reserved'), 'talking'),
      tile(c.operators.wrap_up || 0, 'wrap-up'),
      tile(sum(c.operators, 'paused', 'connecting'), 'paused'),
      tile(sum(c.calls, 'dialling', 'ringing', 'waiting'), 'calls in flight'),
      tile(c.leads.due, 'leads due'),
      tile(c.leads.waiting, 'leads waiting'),
      tile(`${(c.abandon_rate * 100).toFixed(1)} %`, 'abandoned', c.abandon_rate > c.target_abandon ? 'apart' : ''),
      tile(voice, 'answer to voice')),
    make('div', { class: 'grid' },
      make('div', {}, make('h2', {}, 'Today'), results),
      make('div', {}, make('h2', {}, 'Called again next'), retries)));
}

function operator(o, now) {
  const since = o.state === 'off' ? '' : clock(now - o.since);
  const more = [o.reason, o.wish ? `then ${o.wish}` : ''].filter(Boolean).join(' · ');
  return make('tr', {}, make('td', {}, `${o.id} ${o.name}`),
    make('td', {}, make('span', { class: `pill ${o.state}` }, o.label)),
    make('td', { class: 'n' }, since), make('td', {}, o.campaign), make('td', { class: 'quiet small' }, more));
}

alerts.addEventListener('click', (event) => {
  const row = event.target.closest('button')?.closest('[data-alert]');
  if (!row) return;
  row.remove();
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  fetch(alerts.dataset.url.replace('NAME', encodeURIComponent(row.dataset.alert)),
    { method: 'POST', headers: { 'X-CSRFToken': csrf, Accept: 'application/json' } }).catch(() => {}); // it is shown again
});

function alert(a, now) {
  const button = make('button', { type: 'button', class: 'plain', 'aria-label': `Clear: ${a.text}` }, 'Clear');
  const often = a.count > 1 ? `, ${a.count} times since ${clock(now - a.first)} ago` : '';
  return make('div', { class: 'title', 'data-alert': a.name }, make('span', {}, a.text),
    make('span', { class: 'quiet small', 'aria-live': 'off' }, `${clock(now - a.last)} ago${often}`), button);
}

function showAlerts(found, now) {
  alerts.hidden = !found.length;
  for (const row of [...alerts.children]) if (!found.some((a) => a.name === row.dataset.alert)) row.remove();
  show(alerts, found.map((a) => alert(a, now)));
}

function say(words) {
  if (trouble.textContent !== words) trouble.textContent = words; // a screen reader says it once
  trouble.hidden = !words;
}

async function look() {
  try {
    const answer = await fetch(campaigns.dataset.url, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(PATIENCE_MS) });
    if ([401, 403].includes(answer.status)) return location.assign('/login');
    const now = await answer.json();
    if (!answer.ok) throw new Error(now.error);
    show(campaigns, now.campaigns.map((c) => campaign(c, now.now)));
    show(operators, now.operators.map((o) => operator(o, now.now)));
    showAlerts(now.alerts, now.now);
    const words = [];
    if (!now.active) words.push('The master switch is off: no calls are made.');
    if (!Object.keys(now.dialers).length) words.push('No dialer is running.');
    for (const [name, state] of Object.entries(now.gateways)) if (state !== 'up') words.push(`Gateway ${name}: ${state}.`);
    say(words.join(' '));
  } catch {
    say('Connection lost – trying again…');
  }
  return setTimeout(look, 1000);
}
look();

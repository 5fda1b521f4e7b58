// The operator's page: draws what the feed says, asks for what the buttons mean. The server knows, this shows.
// Lead data is only ever put in as text.

import { clock } from './clock.js';
import { draftOf, draftSent, keepDraft, sendDrafts, stillTyping, stopTyping, takeFocus } from './typing.js';

const $ = (id) => document.getElementById(id);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const here = location.pathname.replace(/\/?$/, '/');

let view = null;        // the last view drawn
let told = 0;           // views the feed has sent
let clockSkew = 0;      // seconds the server's clock is ahead of ours
let shownCall = '';     // the call whose card is open
let trouble = '';       // what the feed last said is wrong

// -- asking ---------------------------------------------------------------------------------------------------

const headers = { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': csrf };
const post = (what, body = {}, keepalive = false) =>
  fetch(here + what, { method: 'POST', headers, body: JSON.stringify(body), keepalive });

const sendNotes = (all) => sendDrafts(shownCall, (note) => post('note', note, true), all);

// An answer that comes after news is not drawn: it may be older than they are, and what it changed is news, too.
async function ask(what, body = {}) {
  const before = told;
  try {
    const answer = await post(what, body);
    if (answer.status === 401) return location.assign('/login');
    const data = await answer.json();
    if (!answer.ok) return say(data.error || 'That did not work.');
    say('');
    if (what === 'outcome') draftSent(body.call, body.note);
    if (told === before) draw(data);
    return true;
  } catch {
    say('The server could not be reached: try again.');
  }
}

function say(words) {
  $('error').textContent = words;
  $('error').hidden = !words;
}

// -- drawing --------------------------------------------------------------------------------------------------

function draw(next) {
  view = next;
  clockSkew = next.now - Date.now() / 1000;
  document.dispatchEvent(new CustomEvent('fsdialer:view', { detail: next }));
  if (next.softphone.here !== !!$('phone') && next.state === 'off') return location.reload(); // another kind of phone
  $('state').dataset.state = next.state;
  $('label').textContent = next.label;
  $('extension').textContent = next.operator.extension;
  $('name').textContent = next.operator.name || next.operator.id;
  const wishes = { off: 'You leave the line after this call.', paused: 'You pause after this call.' };
  $('wish').textContent = wishes[next.wish] || '';
  $('wish').hidden = !next.wish;
  const warning = next.phone_test.at && !next.phone_test.ok ? next.phone_test.words : '';
  $('reason').textContent = next.state === 'off' || next.state === 'paused' ? next.reason : next.unreachable || warning;
  $('reason').hidden = !$('reason').textContent;
  $('reason').classList.toggle('trouble', next.state === 'off' || Boolean(next.unreachable));
  drawControls(next);
  drawCard(next.card, next);
  sendNotes();
  drawFigures(next.today);
  tick();
}

function drawControls(next) {
  const off = next.state === 'off';
  const testing = off && next.phone_test.words && !next.phone_test.at;
  $('line').textContent = testing ? 'Testing your phone…' : off ? 'Get on line' : next.wish === 'off' ? 'Stay on the line' : 'Leave the line';
  $('line').classList.toggle('primary', off);
  $('line').disabled = false;
  const choices = $('campaign');
  choices.hidden = !(off && next.campaigns.length > 1);
  const wanted = next.campaigns.map((c) => c.id).join();
  if (choices.dataset.of !== wanted) {
    choices.dataset.of = wanted;
    choices.replaceChildren(...next.campaigns.map((c) => new Option(c.name, c.id)));
  }
  $('pause').disabled = !next.asks.includes('pause');
  $('ready').hidden = !(['paused', 'wrap_up'].includes(next.state) || (next.wish === 'paused' && next.call));
  $('hangup').hidden = next.state !== 'on_call';
  const away = next.state === 'on_call' && next.card?.away;
  $('hangup').textContent = away ? 'Finished' : 'Hang up';
  $('away').hidden = !away;
}

function drawCard(card, next) {
  $('card').hidden = !card;
  $('idle').hidden = !!card;
  const idle = {
    off: 'You are off the line. Get on line, and customers come to you by themselves.',
    connecting: 'Your phone is being called: let it answer.',
    available: 'You are on the line. The next customer’s card opens here by itself.',
    paused: 'You are on a pause. Press Ready when you are back.',
  };
  $('idle-words').textContent = idle[next.state] || '';
  drawPhoneTest(next);
  document.title = card && next.call ? `☎ ${card.name || card.number}` : `${next.label} – fsdialer`;
  if (!card) {
    shownCall = '';
    return;
  }
  if (card.call !== shownCall) openCard(card);
  $('machine').hidden = !card.machine || !next.call || !!card.outcome;
  $('machine-key').textContent = String(card.outcomes.findIndex((outcome) => outcome.code === 'machine') + 1);
  $('past').hidden = !!next.call || next.state === 'wrap_up';
  $('wrap').hidden = next.state !== 'wrap_up' || !next.wrap_until;
  for (const button of $('outcomes').children) {
    button.setAttribute('aria-pressed', String(button.dataset.code === card.outcome));
  }
}

// Beside the card, too: a call whose outcome is still to be chosen is no reason not to.
function drawPhoneTest(next) {
  $('test').hidden = next.state !== 'off';
  $('phone-test').textContent = next.phone_test.words || 'You have not tested your phone yet.';
  $('phone-test').classList.toggle('bad', !next.phone_test.ok && !!next.phone_test.words);
  const asks = next.phone_test.asks && ['off', 'available'].includes(next.state);
  $('phone-test').hidden = next.state !== 'off' && !asks;
  $('phone-heard').hidden = !asks;
  $('phone-check').hidden = $('test').hidden && $('phone-test').hidden;
}

function openCard(card) {
  shownCall = card.call;
  takeFocus($('card'));
  $('card-name').textContent = card.name || 'No name';
  $('card-number').textContent = card.number;
  $('card-chips').replaceChildren(
    make('li', `attempt ${card.attempts}`),
    ...(card.last ? [make('li', `last: ${card.last}`)] : []),
    ...(card.mine ? [make('li', 'served before')] : []),
    ...(card.hidden ? [make('li', 'number hidden')] : []),
    ...(card.recorded ? [make('li', '● recorded')] : []),
  );
  $('card-fields').replaceChildren(...Object.entries(card.fields).map(([title, value]) =>
    make('div', make('dt', title), make('dd', linked(value)))));
  $('note').value = draftOf(card.call) ?? card.note;
  $('callback').hidden = true;
  $('outcomes').replaceChildren(...card.outcomes.map((outcome, index) => {
    const button = make('button', make('kbd', String(index + 1)), ` ${outcome.label}`);
    button.dataset.code = outcome.code;
    button.addEventListener('click', () => choose(outcome.code));
    return button;
  }));
  $('card').classList.remove('opening');
  void $('card').offsetWidth; // starts the animation anew
  $('card').classList.add('opening');
}

function make(tag, ...children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}

// A link only where the whole text is an http(s) address; anything else stays text.
function linked(value) {
  if (/^https?:\/\/\S+$/i.test(value)) {
    const anchor = document.createElement('a');
    anchor.href = value;
    anchor.textContent = value;
    anchor.target = '_blank';
    anchor.rel = 'noopener noreferrer';
    return anchor;
  }
  return document.createTextNode(value);
}

function drawFigures(today) {
  $('f-calls').textContent = today.calls;
  $('f-sales').textContent = today.sales;
  $('f-average').textContent = clock(today.average_s);
}

// Once a second: what runs by itself.
function tick() {
  if (!view) return;
  const now = Date.now() / 1000 + clockSkew;
  const since = now - view.now;
  $('since').textContent = view.since ? clock(now - view.since) : '';
  if (view.wrap_until) $('wrap-left').textContent = clock(view.wrap_until - now);
  const running = (state) => (view.state === state ? since : 0);
  $('f-talk').textContent = clock(view.today.talk_s + running('on_call'));
  $('f-wrap').textContent = clock(view.today.wrap_up_s + running('wrap_up'));
  $('f-line').textContent = clock(view.today.on_line_s + (view.state === 'off' ? 0 : since));
}
setInterval(tick, 1000);

// -- buttons --------------------------------------------------------------------------------------------------

function toggleLine() {
  const phone = $('phone');
  if (view.state === 'off' && phone && phone.dataset.state !== 'ready') return say(`${$('phone-label').textContent} Without it no customer can be put through.`);
  if (view.state === 'off') ask('on', { campaign: $('campaign').value || view.campaigns[0]?.id || '' });
  else if (view.wish === 'off') ask('ready');
  else ask('off');
}

function choose(outcome) {
  if (outcome === 'callback') {
    $('callback').hidden = false;
    const suggestion = new Date(Date.now() + 3600e3);
    suggestion.setMinutes(suggestion.getMinutes() - suggestion.getTimezoneOffset(), 0, 0);
    $('callback-at').value = suggestion.toISOString().slice(0, 16);
    return $('callback-at').focus();
  }
  save(outcome, '');
}

async function save(outcome, callbackAt) {
  const call = shownCall;
  const saved = await ask('outcome', { call, outcome, note: $('note').value, callback_at: callbackAt });
  if (!saved || (shownCall && shownCall !== call)) return; // what was refused stays, to be mended; so does another card
  $('callback').hidden = true;
  document.activeElement?.blur();
}

function openPause(open) {
  $('pause-menu').hidden = !open;
  $('pause').setAttribute('aria-expanded', String(open));
  if (open) $('pause-menu').querySelector('button').focus();
}

$('line').addEventListener('click', toggleLine);
$('pause').addEventListener('click', () => openPause($('pause-menu').hidden));
$('ready').addEventListener('click', () => ask('ready'));
$('hangup').addEventListener('click', () => ask('hangup', { call: view.call })); // that one, not the next
$('test').addEventListener('click', () => ask('test'));
for (const button of $('phone-heard').children) button.addEventListener('click', () => ask('heard', { heard: button.dataset.heard }));
$('pause-menu').addEventListener('click', (event) => {
  const reason = event.target.closest('button')?.dataset.reason;
  if (reason) {
    openPause(false);
    ask('pause', { reason });
  }
});
$('pause-other').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !event.target.value.trim()) return;
  openPause(false);
  ask('pause', { reason: event.target.value });
  event.target.value = '';
});
$('callback').addEventListener('submit', (event) => {
  event.preventDefault();
  save('callback', new Date($('callback-at').value).toISOString());
});
$('note').addEventListener('input', () => keepDraft(shownCall, $('note').value));
$('note').addEventListener('change', () => sendNotes(true));
$('help-open').addEventListener('click', () => $('help').showModal());
document.addEventListener('click', (event) => {
  if (!event.target.closest('.menu')) openPause(false);
});

document.addEventListener('keydown', (event) => {
  if (!view || event.repeat || event.ctrlKey || event.metaKey || event.altKey || $('help').open) return;
  if (event.key === 'Escape') {
    openPause(false);
    $('callback').hidden = true;
    return stopTyping();
  }
  if (event.target.closest('input, textarea, select') || stillTyping()) return;
  const key = event.key.toLowerCase();
  const outcome = view.card && /^[1-9]$/.test(key) ? view.card.outcomes[Number(key) - 1] : null;
  const keys = {
    o: toggleLine,
    p: () => !$('pause').disabled && openPause(true),
    r: () => !$('ready').hidden && ask('ready'),
    h: () => !$('hangup').hidden && ask('hangup', { call: view.call }),
    n: () => view.card && $('note').focus(),
    m: () => $('phone-mute')?.click(),
    '?': () => $('help').showModal(),
  };
  const act = outcome ? () => choose(outcome.code) : keys[key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// -- the feed -------------------------------------------------------------------------------------------------
// The browser connects again by itself; the watch catches a connection that died without saying so.

let heardAt = Date.now();
let signedAt = 0;       // when this page last said that it is open
let source = null;

function listen() {
  source?.close();
  source = new EventSource(here + 'feed');
  source.addEventListener('view', (event) => {
    heard();
    if (trouble) say(trouble = '');
    told += 1;
    draw(JSON.parse(event.data));
  });
  source.addEventListener('alive', heard);
  source.addEventListener('trouble', (event) => say(trouble = JSON.parse(event.data).reason));
  source.addEventListener('open', heard);
  source.addEventListener('error', () => {
    $('connection').hidden = false;
    if (source.readyState === EventSource.CLOSED) {
      fetch(here, { method: 'HEAD' }).then((answer) => {
        if (answer.redirected) location.assign('/login');
      }).catch(() => {});
    }
  });
}

function heard() {
  heardAt = Date.now();
  if (Date.now() - signedAt > 4000) sign();
  $('connection').hidden = true;
}

function sign() {
  signedAt = Date.now();
  post('seen').then((answer) => [401, 403].includes(answer.status) && !view?.call && location.assign('/login')).catch(() => {});
}

// Closed, or loaded again: then it is seen again before its operator is taken off the line.
window.addEventListener('pagehide', () => {
  sendNotes(true);
  post('left', {}, true).catch(() => {});
});
window.addEventListener('pageshow', sign);

setInterval(() => {
  if (Date.now() - heardAt > 12000 || source.readyState === EventSource.CLOSED) {
    $('connection').hidden = false;
    heardAt = Date.now();
    listen();
  }
}, 2000);
listen();

// The phone in the operator's page: one window at a time has it, under a password good for that window. Its state is
// shown in words; `sip.js` talks to the switch, `sound.js` to the headset. `operator.js` tells what the feed says.

import { SipLine } from './sip.js';
import { Sound, microphoneTrouble, pageTrouble } from './sound.js';

const $ = (id) => document.getElementById(id);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const here = location.pathname.replace(/\/?$/, '/');
const RENEW_MS = 60000;     // a third of a password's life
const AGAIN_MS = 4000;      // after the server could not be reached
const OFF_LINE_MS = 1500;   // a call may be here before the feed says that one is coming

const page = sessionStorage.getItem('fsdialer.page') || random();
sessionStorage.setItem('fsdialer.page', page);

let view = null;       // the last view of the feed
let line = null;       // the SIP line under it
let sound = null;
let trouble = '';      // what is wrong with the sound
let letGo = null;      // gives the phone to this browser's next window; null while another has it
let asking = false;    // for the credential
let waiting = null;    // calls off the wait for it
let shownCall = '';

// -- what is shown ----------------------------------------------------------------------------------------------------

// states: starting, connecting, ready, call, trouble, elsewhere
function show(state, words) {
  $('phone').dataset.state = state;
  $('phone-label').textContent = words;
  $('phone-again').hidden = state !== 'trouble';
  $('phone-take').hidden = state !== 'elsewhere';
  $('phone-mute').disabled = !sound?.live;
}

function showLine() {
  if (!line) return;
  if (trouble) show('trouble', `Your phone: ${trouble}.`);
  else if (line.session) show('call', talking());
  else if (line.ready) show('ready', 'Your phone is connected.');
  else show('connecting', 'Your phone is connecting…');
}

function talking() {
  const muted = sound.muted ? ' Muted: you are not heard.' : '';
  const waits = view?.operator.station === 'webrtc-nailed' && view.state !== 'off' && !view.call;
  const up = waits ? 'Your phone is on the line.' : 'Your phone is in a call.';
  return `${up}${muted}${line.ready ? '' : ' Its connection to the switch broke, and is made again…'}`;
}

function refused(status, times) {
  if (trouble) return;
  if (status !== 401 && status !== 403) return show('connecting', 'The telephone switch does not answer: trying again…');
  if (times < 3) return show('connecting', 'Your phone is connecting…');
  ask({ take: true }).then((answer) => {
    if (!line || line.ready) return;
    if (answer?.held) line.use(answer);
    const why = answer?.asked ? 'its password is refused' : 'the switch does not ask fsdialer for passwords (mod_xml_curl)';
    show('connecting', `The telephone switch refuses your phone: ${why}. Tell an administrator; trying again…`);
  });
}

// -- the credential ---------------------------------------------------------------------------------------------------

// The server's answer; null when there is none, with the reason shown.
async function ask(body) {
  try {
    const answer = await fetch(`${here}softphone`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': csrf },
      body: JSON.stringify({ page, ...body }),
    });
    if (answer.status === 401) return location.assign('/login');
    const data = await answer.json();
    if (answer.ok) return data;
    show('trouble', `Your phone: ${data.error}.`);
  } catch {
    if (!line) show('connecting', 'The server could not be reached: trying again…');
  }
  return null;
}

async function connect() {
  if (!letGo || asking) return; // two questions at once would make two passwords
  asking = true;
  const answer = await ask({ take: true });
  asking = false;
  if (!letGo) return;
  if (!answer?.held) {
    if ($('phone').dataset.state !== 'trouble') setTimeout(connect, AGAIN_MS);
    return;
  }
  if (line) return line.use(answer);
  line = new SipLine(answer, {
    registered: showLine,
    connecting: showLine,
    refused,
    call: (stream) => {
      if (stream) sound.play(stream);
      else sound.silence();
      mute(false);
      showLine();
    },
    may,
    stream: () => sound.stream,
  });
  showLine();
}

// Renewed as long as the page is open; when it ran out meanwhile (the computer slept) it is taken anew.
async function renew() {
  if (!line) return;
  const answer = await ask({ take: false });
  if (!line || !answer || answer.held) return;
  if (answer.elsewhere) disconnect('Your phone is in another browser.');
  else connect();
}

// After the call that is up: until then it goes on.
function disconnect(words) {
  const old = line;
  line = null;
  const close = () => {
    if (old?.session) return setTimeout(close, 500);
    old?.close();
    sound?.silence();
  };
  close();
  show('elsewhere', words);
}

const testing = () => !!view?.phone_test.words && !view.phone_test.at;

// What the feed says of the call.
function callIsOver() {
  if (view.operator.station === 'webrtc-nailed') return view.state === 'off' && !testing();
  return !view.call && !testing();
}

// Only while the operator is on the line, or tests the phone.
async function may() {
  for (let waited = 0; waited < OFF_LINE_MS; waited += 50) {
    if (view && (view.state !== 'off' || testing())) return !!sound?.live;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  return false;
}

// -- one window of this browser at a time ----------------------------------------------------------------------------

function windowLock(options) {
  const held = (lock) => {
    if (!lock) return false;
    waiting?.abort();
    return new Promise((resolve) => {
      letGo = resolve;
      start();
    });
  };
  return navigator.locks.request(`fsdialer ${here}`, options, held).catch((error) => {
    if (error.name !== 'AbortError') throw error;
    if (options.signal?.aborted) return; // called off: it is here
    letGo = null;
    disconnect('Your phone is in another window.');
    queue();
  });
}

// The phone comes here by itself when the window that has it is closed.
function queue() {
  waiting = new AbortController();
  windowLock({ signal: waiting.signal });
}

async function begin() {
  const wrong = pageTrouble();
  if (wrong) return show('trouble', `Your phone: ${wrong}.`);
  const free = await windowLock({ ifAvailable: true });
  if (free !== false || letGo) return;
  show('elsewhere', 'Your phone is in another window.');
  queue();
}

async function start() {
  show('starting', 'Let this page use your microphone: your browser asks.');
  sound ??= new Sound(
    { input: $('phone-input'), output: $('phone-output'), you: $('phone-you'), them: $('phone-them'), audio: $('phone-audio') },
    { onTrouble: (words) => { trouble = words; showLine(); }, onTrack: (track) => line?.send(track) },
  );
  try {
    if (!sound.live) await sound.open();
    trouble = '';
    show('connecting', 'Your phone is connecting…');
    await connect();
  } catch (error) {
    show('trouble', `Your phone: ${microphoneTrouble(error)}.`);
  }
}

// -- buttons ----------------------------------------------------------------------------------------------------------

function mute(muted) {
  sound.mute(muted);
  $('phone-mute').setAttribute('aria-pressed', String(muted));
  $('phone-mute').textContent = muted ? 'Unmute' : 'Mute';
  showLine();
}

$('phone-mute').addEventListener('click', () => mute(!sound.muted));
document.addEventListener('click', (event) => {
  if (!event.target.closest('#phone-devices')) $('phone-devices').open = false;
});
$('phone-again').addEventListener('click', async () => {
  if (!letGo) return begin();
  trouble = '';
  if (line && !sound.live) await sound.reopen();
  else if (!line) await start();
  showLine();
});
$('phone-take').addEventListener('click', () => (letGo ? start() : windowLock({ steal: true })));

document.addEventListener('fsdialer:view', ({ detail }) => {
  view = detail;
  if (sound && view.call && view.call !== shownCall) mute(false); // nobody meets a customer muted
  shownCall = view.call;
  if (line && view.softphone.page !== page) renew(); // it may be old news: the server is asked
  if (line?.cutOff && callIsOver()) line.hangUp();
  if ($('phone').dataset.state === 'call') showLine();
});
navigator.permissions?.query({ name: 'microphone' }).then((permission) => {
  permission.addEventListener('change', () => {
    if (permission.state === 'granted' && letGo && !sound?.live) start();
  });
}).catch(() => {}); // a browser that does not tell
window.addEventListener('online', () => line?.reconnect());
window.addEventListener('pagehide', () => line?.close());
window.addEventListener('beforeunload', (event) => {
  if (view?.call && line?.session) event.preventDefault(); // the browser asks: the customer would be cut off
});
setInterval(renew, RENEW_MS);
begin();

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

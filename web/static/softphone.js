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
const LET_GO_MS = 3000;     // the phone is connected elsewhere by then

const me = random();
const page = sessionStorage.getItem('fsdialer.page') || random();
sessionStorage.setItem('fsdialer.page', page);

let view = null;       // the last view of the feed
let line = null;       // the SIP line under it
let sound = null;
let trouble = '';      // what is wrong with the sound
let letGo = null;      // gives the phone to this browser's next window; null while another has it
let asking = false;    // for the credential
let fresh = true;      // this page was just read: a line held with it before, under the same password, is cut off
let waiting = null;    // calls off the wait for it
let shownCall = '';
let gone = '';         // why the phone is not in this window
let leaving = [];      // lines whose phone went elsewhere: each goes on until its customer is gone
let letGoAt = 0;       // when those without a customer are hung up
let afar = null;       // another window of this browser with a call: which, and whether it is muted
let knownCall = '';    // the last call that was in this window or one of this browser
const windows = new BroadcastChannel(`fsdialer ${here}`);

// -- what is shown ----------------------------------------------------------------------------------------------------

// states: starting, connecting, ready, call, trouble, elsewhere
function show(state, words) {
  $('phone').dataset.state = state;
  $('phone-label').textContent = words;
  $('phone-again').hidden = state !== 'trouble';
  $('phone-take').hidden = state !== 'elsewhere';
  drawMute();
}

function showLine() {
  if (!line) return $('phone').dataset.state === 'elsewhere' ? showElsewhere(gone) : drawMute();
  if (trouble) show('trouble', `Your phone: ${trouble}.`);
  else if (line.session) show('call', talking());
  else if (!line.ready) show('connecting', 'Your phone is connecting…');
  else if (afar && view?.call) show('call', `Your call goes on in another window.${muted()}`);
  else if (isAway()) show('call', 'Your call is in another browser: end it or mute it there.');
  else show('ready', 'Your phone is connected.');
}

function showElsewhere(words) {
  gone = words;
  const goesOn = view?.call && leaving.some((each) => each.session);
  show('elsewhere', goesOn ? `${words} This call goes on here until it ends.${muted()}` : words);
}

function talking() {
  const waits = view?.operator.station === 'webrtc-nailed' && view.state !== 'off' && !view.call;
  const up = waits ? 'Your phone is on the line.' : 'Your phone is in a call.';
  return `${up}${muted()}${line.ready ? '' : ' Its connection to the switch broke, and is made again…'}`;
}

const lines = () => [line, ...leaving].filter(Boolean);
const isHere = () => lines().some((each) => each.session);
// No window of this browser has the call, so nobody here can mute it.
const isAway = () => !!line && !isHere() && !afar && view?.state === 'on_call' && view.call !== knownCall;
const isMuted = () => (afar && !isHere() ? afar.muted : !!sound?.muted);
const muted = () => (isMuted() ? ' Muted: you are not heard.' : '');

// It works where the call is: in this window, or through another one of this browser.
function drawMute() {
  $('phone-mute').disabled = afar && !isHere() ? false : !sound?.live || !lines().length || isAway();
  $('phone-mute').setAttribute('aria-pressed', String(isMuted()));
  $('phone-mute').textContent = isMuted() ? 'Unmute' : 'Mute';
}

function refused(status, times) {
  if (trouble) return;
  if (status !== 401 && status !== 403) return show('connecting', 'The telephone switch does not answer: trying again…');
  if (times < 3) return show('connecting', 'Your phone is connecting…');
  ask({ take: true }).then((answer) => {
    if (!line || line.ready) return;
    if (answer?.held) line.use(answer, sound.live);
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
  const answer = await ask({ take: true, cut_off: fresh });
  asking = false;
  if (answer?.held) fresh = false;
  if (!letGo) return;
  if (!answer?.held) {
    if ($('phone').dataset.state !== 'trouble') setTimeout(connect, AGAIN_MS);
    return;
  }
  line ??= leaving.pop() ?? null; // taken back during the call
  if (line) {
    line.use(answer, sound.live);
    return showLine();
  }
  line = new SipLine(answer, {
    registered: () => {
      windows.postMessage({ ready: true });
      showLine();
    },
    connecting: showLine,
    refused,
    call: (stream) => {
      if (stream) sound.play(stream);
      else sound.silence();
      knownCall = view?.call || knownCall;
      mute(false);
      showLine();
      leave();
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

// The phone went to another window, in this browser or another.
function disconnect(words) {
  leaving = lines();
  line = null;
  letGoAt = Date.now() + LET_GO_MS;
  setTimeout(leave, LET_GO_MS + 50);
  showElsewhere(words);
  leave();
}

// Of lines whose phone is elsewhere: one with a customer goes on. One that is held up without is hung up as soon as the
// phone is connected over there, where it is rung anew.
function leave() {
  const all = leaving;
  leaving = all.filter((each) => each.session && (view?.call || Date.now() < letGoAt));
  for (const each of all) if (!leaving.includes(each)) each.close();
  if (!line && !leaving.length) sound?.silence();
  refresh();
  tell();
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
  showElsewhere('Your phone is in another window.');
  queue();
}

async function start() {
  show('starting', 'Let this page use your microphone: your browser asks.');
  sound ??= new Sound(
    { input: $('phone-input'), output: $('phone-output'), you: $('phone-you'), them: $('phone-them'), audio: $('phone-audio') },
    { onTrouble: heardOf, onTrack: (track) => lines().forEach((each) => each.send(track)) },
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

// Firefox has ended the connection to the switch by the time a page hears that it is left: no goodbye goes that way.
function sayGoodbye() {
  const say = (what, body) => fetch(here + what, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': csrf },
    body: JSON.stringify(body),
    keepalive: true,
  }).catch(() => {});
  if (view?.call) say('hangup', { call: view.call });
  say('softphone', { page, cut_off: true });
}

// What is wrong with the sound from now on; nothing when `words` are empty.
function heardOf(words) {
  trouble = words;
  line?.present(sound.live);
  if (line || words || !letGo || $('phone').dataset.state !== 'trouble') return showLine(); // it may be elsewhere
  start(); // the microphone is plugged in
}

// -- buttons ----------------------------------------------------------------------------------------------------------

function mute(on) {
  sound.mute(on);
  refresh();
  tell();
}

// What another window of this browser may have news of.
function refresh() {
  if (['ready', 'call', 'elsewhere'].includes($('phone').dataset.state)) showLine();
  else drawMute();
}

function tell() {
  windows.postMessage({ from: me, call: isHere(), muted: !!sound?.muted });
}

windows.addEventListener('message', ({ data }) => {
  if (data.asks) return tell();
  if (data.ready) {
    letGoAt = 0;
    return leave();
  }
  if ('mute' in data) return isHere() && mute(data.mute);
  if (data.call) {
    afar = { from: data.from, muted: data.muted };
    knownCall = view?.call || knownCall;
  } else if (afar?.from === data.from) {
    afar = null;
  }
  refresh();
});

$('phone-mute').addEventListener('click', () => {
  if (afar && !isHere()) windows.postMessage({ mute: !afar.muted });
  else mute(!sound.muted);
});
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
  if (!view.call) afar = null; // it may have ended without a word
  else if (isHere() || afar) knownCall = view.call;
  if (line && view.softphone.page !== page) renew(); // it may be old news: the server is asked
  if (line?.cutOff && callIsOver()) line.hangUp();
  if (leaving.length) leave();
  refresh();
});
navigator.permissions?.query({ name: 'microphone' }).then((permission) => {
  permission.addEventListener('change', () => {
    if (permission.state === 'granted' && letGo && !sound?.live) start();
  });
}).catch(() => {}); // a browser that does not tell
window.addEventListener('online', () => line?.reconnect());
window.addEventListener('pagehide', () => {
  if (isHere()) sayGoodbye();
  lines().forEach((each) => each.close());
  windows.postMessage({ from: me, call: false });
});
window.addEventListener('beforeunload', (event) => {
  if (view?.call && isHere()) event.preventDefault(); // the browser asks: the customer would be cut off
});
setInterval(renew, RENEW_MS);
windows.postMessage({ asks: true });
begin();

function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

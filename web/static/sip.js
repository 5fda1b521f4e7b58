// One SIP account over WebSocket (JsSIP): registers, stays registered, answers by itself. It knows nothing of the page.

import JsSIP from './vendor/jssip.js';

const SILENT_MS = 25000;   // how often the switch is asked for a sign of life
const ANSWER_MS = 8000;    // within which it has to give one
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
const CANDIDATES_MS = 250; // an answer does not wait longer for further network addresses
const OTHER_CALL_MS = 800; // the end of the call before may still be on its way
const TRANSPORT_MS = 5000; // a switch that has said nothing by then may be spoken to over the other kind of WebSocket

// A call answers by itself when it says so, as the dialer's do; nobody else can call an operator.
export function asksToBeAnswered(request) {
  const headers = ['Call-Info', 'Alert-Info'].map((name) => request.getHeader(name) || '').join(' ');
  return /answer-after\s*=\s*0|auto[ -]?answer|alert-autoanswer/i.test(headers);
}

export class SipLine {
  // `account`: urls, uri, user, password. `on`: registered(), connecting(), refused(status), call(stream or null),
  // may() → whether to answer, stream() → what is sent.
  constructor(account, on) {
    this.on = on;
    this.session = null;
    this.cutOff = false; // the connection broke during the session: its end may never be heard of
    this.failures = 0;
    this.closing = false;
    this.absent = false;
    this.known = []; // the sockets through which we were registered once
    this.sockets = account.urls.map(socketTo);
    this.uri = account.uri;
    this.ua = new JsSIP.UA({
      sockets: this.sockets,
      uri: account.uri,
      authorization_user: account.user,
      password: account.password,
      user_agent: `fsdialer softphone, JsSIP ${JsSIP.version}`,
      session_timers: false,
      register_expires: 120,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
    });
    this.ua.on('connected', () => this.expectWord());
    this.ua.on('registered', () => this.registered());
    this.ua.on('unregistered', () => this.lost());
    this.ua.on('disconnected', () => this.lost());
    this.ua.on('registrationFailed', ({ response }) => this.refused(response?.status_code || 0));
    this.ua.on('newRTCSession', ({ originator, session, request }) => {
      if (originator === 'remote') this.ring(session, request);
    });
    this.watch = setInterval(() => this.signOfLife(), SILENT_MS);
    this.ua.start();
  }

  // Another password from now on; a call that is up goes on. The switch may have forgotten us, for that of another window,
  // and a microphone come back while that one had the phone: `present` as below.
  use(account, present) {
    this.ua.set('password', account.password);
    this.absent = !present;
    if (this.ua.isConnected() && present) this.ua.register();
  }

  // Not to be rung, for want of a microphone: then no customer waits here in vain.
  present(now) {
    if (this.absent === !now) return;
    this.absent = !now;
    if (now) this.ua.register();
    else this.ua.unregister();
  }

  // -- registration -----------------------------------------------------------------------------------------------

  get ready() {
    return this.ua.isRegistered();
  }

  registered() {
    this.failures = 0;
    this.known = this.sockets.filter((socket) => this.known.includes(socket) || socket.isConnected());
    this.on.registered();
  }

  lost() {
    this.cutOff = !!this.session;
    if (!this.closing) this.on.connecting();
  }

  // FreeSWITCH passes over, without a word, what came by another transport than its Via says: WSS from here, but WS once a
  // proxy has taken the TLS away. Which it is cannot be seen from here.
  expectWord() {
    clearTimeout(this.word);
    this.word = setTimeout(() => {
      if (this.closing || this.absent || this.ready) return;
      const doubtful = this.sockets.filter((socket) => socket.isConnected() && !this.known.includes(socket));
      for (const socket of doubtful) socket.via_transport = socket.via_transport === 'WS' ? 'WSS' : 'WS';
      if (doubtful.length) this.reconnect();
    }, TRANSPORT_MS);
  }

  refused(status) {
    if (this.closing) return;
    if (status) clearTimeout(this.word);
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.on.refused(status, this.failures);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      if (!this.closing && !this.absent && this.ua.isConnected() && !this.ua.isRegistered()) this.ua.register();
    }, wait);
  }

  // A network that went away silently is noticed by asking; any answer will do.
  signOfLife() {
    if (!this.ua.isConnected() || this.closing) return;
    const alarm = setTimeout(() => this.reconnect(), ANSWER_MS);
    const answered = () => clearTimeout(alarm);
    const failed = ({ response }) => response && answered();
    this.ua.sendOptions(this.uri.replace(/^sip:.*@/, 'sip:'), null, { eventHandlers: { succeeded: answered, failed } });
  }

  // Drops the connection as if it had broken: JsSIP makes another, and registers. A call that is up goes on.
  reconnect() {
    for (const socket of this.sockets) {
      if (!this.closing && (socket.isConnected() || socket.isConnecting())) {
        socket.disconnect();
        socket.ondisconnect(true, 1006, 'no sign of life');
      }
    }
  }

  // Unregisters and hangs up.
  close() {
    this.closing = true;
    clearInterval(this.watch);
    clearTimeout(this.retry);
    clearTimeout(this.word);
    this.ua.stop();
  }

  // -- calls ------------------------------------------------------------------------------------------------------

  async ring(session, request) {
    let over = false;
    session.on('failed', () => { over = true; });
    const may = asksToBeAnswered(request) && await this.on.may();
    await this.afterTheLast();
    if (over) return;
    if (!may || this.session) return session.terminate({ status_code: this.session ? 486 : 480 });
    this.session = session;
    this.cutOff = false;
    const end = () => {
      if (this.session !== session) return;
      this.session = null;
      this.on.call(null);
    };
    session.on('failed', end);
    session.on('ended', end);
    session.on('icecandidate', ({ ready }) => setTimeout(ready, CANDIDATES_MS));
    session.on('peerconnection', ({ peerconnection }) => {
      peerconnection.addEventListener('track', ({ streams, track }) => {
        if (this.session === session) this.on.call(streams[0] || new MediaStream([track]));
      });
    });
    session.answer({
      mediaStream: this.on.stream(),
      mediaConstraints: { audio: true, video: false },
      pcConfig: { iceServers: [] },
    });
  }

  hangUp() {
    this.session?.terminate();
  }

  async afterTheLast() {
    if (this.cutOff) this.hangUp();
    for (let waited = 0; this.session && waited < OTHER_CALL_MS; waited += 50) {
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }

  // Another microphone is sent in the call that is up.
  async send(track) {
    const sender = this.session?.connection?.getSenders().find((each) => each.track?.kind === 'audio' || !each.track);
    await sender?.replaceTrack(track);
  }
}

// A path is a proxy's, which as a rule has plain WebSocket behind it.
function socketTo(url) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const proxied = url.startsWith('/');
  const socket = new JsSIP.WebSocketInterface(proxied ? `${scheme}//${location.host}${url}` : url);
  if (proxied) socket.via_transport = 'WS';
  return socket;
}

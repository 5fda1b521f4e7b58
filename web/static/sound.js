// Microphone, loudspeaker and level meters of the phone in the page. It knows nothing of calls; what goes wrong is said
// in words the operator can act on.

const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const METER_MS = 100;

// Why a microphone could not be opened, and what to do.
export function microphoneTrouble(error) {
  const words = {
    NotAllowedError: 'this page may not use your microphone: allow it beside the address, at the lock or camera sign',
    SecurityError: 'this page may not use your microphone: allow it beside the address, at the lock or camera sign',
    NotFoundError: 'no microphone was found: plug in your headset',
    OverconstrainedError: 'no microphone was found: plug in your headset',
    NotReadableError: 'another program holds your microphone: close it',
    AbortError: 'your microphone could not be started: unplug it and plug it in again',
  };
  return words[error.name] || `your microphone could not be opened (${error.name})`;
}

// Why a page as such gets no microphone; empty when it may.
export function pageTrouble() {
  if (!window.isSecureContext) return 'a browser gives its microphone to pages over https only: ask for the https address';
  if (!navigator.mediaDevices || !window.RTCPeerConnection) return 'this browser cannot make calls: use a newer one';
  return '';
}

export class Sound {
  // `parts`: elements input, output (select), you, them (meter), audio. `onTrouble(words)`, `onTrack(track)`: another
  // microphone is to be sent from now on.
  constructor(parts, { onTrouble, onTrack }) {
    this.parts = parts;
    this.onTrouble = onTrouble;
    this.onTrack = onTrack;
    this.stream = null;
    this.muted = false;
    this.lost = '';          // why there is no microphone
    this.isKeptBack = false; // by a browser that plays nothing before the page was touched
    this.meters = new Map(); // element → analyser
    parts.input.addEventListener('change', () => this.choose('input'));
    parts.output.addEventListener('change', () => this.choose('output'));
    navigator.mediaDevices.addEventListener('devicechange', () => this.devicesChanged());
    // A browser may keep sound back until the page was touched.
    for (const touch of ['pointerdown', 'keydown']) {
      document.addEventListener(touch, () => {
        this.context?.resume();
        if (parts.audio.srcObject && parts.audio.paused) this.start();
      });
    }
    setInterval(() => this.measure(), METER_MS);
  }

  // Opens the microphone chosen before, or any; throws the browser's own error.
  async open() {
    const stream = await microphone(localStorage.getItem('fsdialer.input'));
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = stream;
    this.lost = '';
    const [track] = stream.getAudioTracks();
    track.enabled = !this.muted;
    track.addEventListener('ended', () => this.reopen());
    this.context ??= new AudioContext();
    this.context.resume();
    this.meter(this.parts.you, stream);
    this.onTrack(track);
    await this.list();
    await this.useOutput();
  }

  // The microphone is gone, or another was chosen.
  async reopen() {
    try {
      await this.open();
    } catch (error) {
      this.lost = microphoneTrouble(error);
    }
    this.tell();
  }

  tell() {
    this.onTrouble(this.lost || (this.isKeptBack ? 'click anywhere on this page, or you hear nothing' : ''));
  }

  get live() {
    return !!this.stream && this.stream.getAudioTracks().some((track) => track.readyState === 'live');
  }

  mute(muted) {
    this.muted = muted;
    this.stream?.getAudioTracks().forEach((track) => { track.enabled = !muted; });
  }

  // -- the other side ---------------------------------------------------------------------------------------------

  play(stream) {
    this.parts.audio.srcObject = stream;
    this.meter(this.parts.them, stream);
    this.start();
  }

  async start() {
    try {
      await this.parts.audio.play();
      this.keptBack(false);
    } catch (error) {
      if (error.name === 'NotAllowedError') this.keptBack(true);
    }
  }

  keptBack(now) {
    if (this.isKeptBack === now) return;
    this.isKeptBack = now;
    this.tell();
  }

  silence() {
    this.keptBack(false);
    this.parts.audio.srcObject = null;
    this.meter(this.parts.them, null);
  }

  // -- devices ----------------------------------------------------------------------------------------------------

  async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const using = this.stream?.getAudioTracks()[0]?.getSettings().deviceId;
    fill(this.parts.input, devices.filter((d) => d.kind === 'audioinput'), using, 'Microphone');
    const outputs = 'setSinkId' in HTMLMediaElement.prototype ? devices.filter((d) => d.kind === 'audiooutput') : [];
    fill(this.parts.output, outputs, localStorage.getItem('fsdialer.output'), 'Loudspeaker');
    this.parts.output.closest('label').hidden = outputs.length < 2;
  }

  async devicesChanged() {
    await this.list();
    await this.useOutput();
    const wanted = localStorage.getItem('fsdialer.input');
    const back = wanted && [...this.parts.input.options].some((option) => option.value === wanted);
    const using = this.stream?.getAudioTracks()[0]?.getSettings().deviceId;
    if (!this.live || (back && using !== wanted)) await this.reopen();
  }

  async choose(which) {
    localStorage.setItem(`fsdialer.${which}`, this.parts[which].value);
    if (which === 'input') await this.reopen();
    else await this.useOutput();
  }

  // The loudspeaker chosen before, while it is plugged in.
  async useOutput() {
    const wanted = localStorage.getItem('fsdialer.output') || '';
    const there = [...this.parts.output.options].some((option) => option.value === wanted);
    try {
      await this.parts.audio.setSinkId?.(there ? wanted : '');
    } catch (error) {
      this.onTrouble(`that loudspeaker could not be used (${error.name}): choose another`);
    }
  }

  // -- meters -----------------------------------------------------------------------------------------------------

  meter(element, stream) {
    this.meters.get(element)?.source.disconnect();
    this.meters.delete(element);
    element.value = 0;
    if (!stream || !this.context) return;
    const source = this.context.createMediaStreamSource(stream);
    const analyser = new AnalyserNode(this.context, { fftSize: 1024 });
    source.connect(analyser);
    this.meters.set(element, { source, analyser, samples: new Float32Array(analyser.fftSize) });
  }

  // Loudness from 0 (−60 dB and less) to 1 (full scale).
  measure() {
    for (const [element, { analyser, samples }] of this.meters) {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      element.value = Math.min(1, Math.max(0, 1 + Math.log10(power + 1e-12) / 6));
    }
  }
}

// `exact`, because Chromium takes the default device over an `ideal` one.
async function microphone(wanted) {
  const open = (device) => navigator.mediaDevices.getUserMedia({ audio: { ...PROCESSING, ...device }, video: false });
  if (!wanted) return open({});
  try {
    return await open({ deviceId: { exact: wanted } });
  } catch (error) {
    if (!['OverconstrainedError', 'NotFoundError'].includes(error.name)) throw error;
    return open({}); // it is not plugged in
  }
}

function fill(select, devices, chosen, name) {
  select.replaceChildren(...devices.map((device, index) => {
    const option = new Option(device.label || `${name} ${index + 1}`, device.deviceId);
    option.selected = device.deviceId === chosen;
    return option;
  }));
}

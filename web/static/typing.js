// What an operator is typing: notes survive a reload of the page, and a customer's card that takes the focus from somebody
// who types does not take the rest of their words for shortcuts.

const KEPT = 'fsdialer.notes';
const PAUSE_MS = 1000;  // who has pressed nothing for so long has stopped typing

let takenAt = 0;        // when the focus was taken, or the last key after it was pressed
let notes = {};         // by call
const underWay = new Set(); // calls whose notes are being sent
try {
  notes = JSON.parse(sessionStorage.getItem(KEPT)) || {};
} catch { /* nothing to be read, or nowhere to keep it: for this page alone */ }

export const draftOf = (call) => notes[call];

// Without a text it is forgotten.
export function keepDraft(call, text) {
  notes[call] = text;
  if (text === undefined) delete notes[call];
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(notes));
  } catch { /* as above */ }
}

// What was typed meanwhile is still to be sent.
export function draftSent(call, note) {
  if (notes[call] === note) keepDraft(call);
}

// Whoever had no time to choose an outcome loses no note: it goes by itself when its card is gone; that of the card that is
// shown if `all` are to, and stays a draft until its outcome is saved.
export function sendDrafts(shownCall, send, all = false) {
  for (const [call, note] of Object.entries(notes)) {
    if ((all || call !== shownCall) && !underWay.has(call)) sendDraft(call, note, send, call === shownCall);
  }
}

async function sendDraft(call, note, send, stays) {
  underWay.add(call);
  try {
    const { ok, status } = await send({ call, note });
    if (!stays && (ok || [404, 409].includes(status))) draftSent(call, note); // refused once is refused for ever
  } catch { /* no server: with the next news */ }
  underWay.delete(call);
}

export function takeFocus(element) {
  if (document.activeElement?.matches('input, textarea, select')) takenAt = Date.now();
  element.focus({ preventScroll: true });
}

// Is the key that was pressed now still meant for the field that had the focus?
export function stillTyping() {
  if (Date.now() - takenAt > PAUSE_MS) return false;
  takenAt = Date.now();
  return true;
}

export function stopTyping() {
  takenAt = 0;
  document.activeElement?.blur();
}

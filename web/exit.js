// Leaving. Stands alone, so that it works however much of the rest has loaded.
// Everything happens in one synchronous run: nothing is painted, fetched or awaited in between.

const EXIT_URL = "/chat/exit";
const SHIFT_PRESSES = 3;
const SHIFT_WINDOW_MS = 2000;

const root = document.documentElement;
// The server's own list; without it, the shortest ones.
const exitWords = new Set((root.dataset.exitWords || "exit,x,quit,leave").split(","));
const safeSite = new URL(root.dataset.safeSite, window.location.origin).href;

let gone = false;
let leaving = false;
let surrender = () => null;

/** True once the page has been emptied: nothing may be drawn on it again. */
export const hasLeft = () => gone;

/** Sets what gives up the token: `forget` stops what is under way and returns the token, or null. */
export function onLeaving(forget) {
  surrender = forget;
}

/** Whether `text` is one of the words that mean "get me out", and nothing else. As in outreach/safety/exit_words.py. */
export function isExitWord(text) {
  return [...text].length <= 40 && exitWords.has(text.replace(/[^\p{L}\p{N}]+/gu, " ").trim().toLowerCase());
}

/** Covers and empties the page, has the server forget, and replaces the page with the safe site. */
export function leave() {
  leaving = true;
  const plainToken = document.querySelector("input[name=session]")?.value;
  disappear(plainToken);
  goToSafeSite();
}

/** Covers and empties the page and has the server forget, without going anywhere. */
function disappear(plainToken = null) {
  if (gone) return;
  gone = true;
  root.classList.add("gone");
  const token = attempt(surrender) ?? plainToken;
  attempt(emptyPage);
  if (token) attempt(() => tellServer(token));
}

function emptyPage() {
  document.title = "Loading";
  window.getSelection()?.removeAllRanges();
  for (const field of document.querySelectorAll("input, textarea")) {
    field.defaultValue = "";
    field.value = "";
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = "";
  document.body.replaceChildren();
}

function tellServer(token) {
  const body = new URLSearchParams({ session: token });
  if (!navigator.sendBeacon(EXIT_URL, body)) fetch(EXIT_URL, { method: "POST", body, keepalive: true }).catch(() => {});
}

// Inside another site's frame the whole tab goes if the browser lets us, and our own frame in any case.
function goToSafeSite() {
  if (window.top !== window) attempt(() => window.top.location.replace(safeSite));
  window.location.replace(safeSite);
}

// No step may keep a later one from happening.
function attempt(step) {
  try {
    return step();
  } catch {
    return null;
  }
}

let presses = [];

function countShift(event) {
  if (event.key !== "Shift") {
    presses = [];
  } else if (!event.repeat) {
    presses = presses.filter((at) => event.timeStamp - at < SHIFT_WINDOW_MS).concat(event.timeStamp);
    if (presses.length >= SHIFT_PRESSES) leave();
  }
}

document.addEventListener("keydown", countShift, true);
document.addEventListener("pointerdown", () => (presses = []), true);
document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest("[data-exit]")) return;
    event.preventDefault();
    leave();
  },
  true,
);

// Closing the tab or going elsewhere forgets as well. Without chat.js a plain form may be on its way: its token stays.
window.addEventListener("pagehide", () => disappear());
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  if (leaving) goToSafeSite();
  else window.location.reload();
});

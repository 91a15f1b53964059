// The page with script: takes the plain page over and carries the conversation.

import { createConversation, newMark } from "./api.js";
import { createComposer } from "./composer.js";
import { hasLeft, isExitWord, leave, onLeaving } from "./exit.js";
import { watchIdle } from "./idle.js";
import { createNotices, createTyping } from "./notices.js";
import { createLog } from "./view.js";

const SLOW_MS = 9000;
const byId = (id) => document.getElementById(id);
const typesOnKeyboard = () => window.matchMedia("(hover: hover) and (pointer: fine)").matches;

const conversation = createConversation(takeToken());
const notices = createNotices(byId("notices"));
const typing = createTyping(byId("typing"));
const log = createLog(byId("log"), choose);
const composer = createComposer(byId("composer"), sendText);

let current = null; // the turn under way, or null
let late = false; // whether it has taken so long that there is trouble
let again = begin; // what "Try again" does
let unanswered = null; // the text last sent and its mark, until there is a reply

// A page that came by plain form carries the token in hidden fields; from here on it is in memory only.
function takeToken() {
  const fields = [...document.querySelectorAll("input[name=session]")];
  const token = fields[0]?.value || null;
  fields.forEach((field) => field.remove());
  return token;
}

/** One exchange: `ask` gives the messages, `undo` puts things back if it fails. */
async function turn(ask, undo = () => {}) {
  notices.hide();
  typing.show();
  composer.busy(true);
  const slow = setTimeout(() => {
    late = true;
    showWaiting();
  }, SLOW_MS);
  try {
    receive(await ask());
  } catch (failure) {
    if (!hasLeft()) explain(failure.kind ?? "trouble", undo);
  } finally {
    clearTimeout(slow);
    late = false;
    typing.hide();
    composer.busy(false);
    current = null;
  }
}

// Once there is trouble, the numbers and "Try again" stay in sight until it is over.
function showWaiting() {
  notices.show(late ? "trouble" : "wait");
}

function receive(messages) {
  if (hasLeft()) return;
  if (messages.some((message) => message.command === "exit")) {
    leave();
    return;
  }
  unanswered = null;
  notices.hide();
  log.dropChoices();
  typing.hide();
  log.addReply(messages);
}

function explain(kind, undo) {
  if (kind === "forgotten") {
    forgetHere();
    return;
  }
  undo(kind);
  notices.show(kind);
}

// What the server has forgotten does not stay on the screen either.
function forgetHere() {
  conversation.surrender();
  unanswered = null;
  log.clear();
  composer.clear();
  notices.show("forgotten");
}

function begin() {
  current ??= turn(() => conversation.start());
}

async function ask(message, mark) {
  if (!conversation.isOpen()) log.addReply(await conversation.start());
  return conversation.say(message, mark);
}

function sendText() {
  const text = composer.text();
  composer.focus();
  if (!text) return;
  if (isExitWord(text)) leave();
  else if (current) showWaiting();
  else if (composer.tooLong()) notices.show("long");
  else {
    composer.clear();
    // The same words after no reply are the same message, whether by "Try again" or by Send: it may have been heard.
    if (unanswered?.text !== text) unanswered = { text, mark: newMark() };
    say({ text }, text, () => composer.restore(text), unanswered.mark);
    again = sendText;
  }
}

function choose({ id, title }) {
  if (current) {
    showWaiting();
    return;
  }
  const mine = say({ choice: id }, title, (kind) => kind === "stale" && log.dropAllChoices());
  // The button that had focus is gone. A phone's keyboard should not cover the reply.
  if (typesOnKeyboard()) composer.focus();
  else mine.focus({ preventScroll: true });
  again = () => choose({ id, title });
}

function say(message, words, undo = () => {}, mark = null) {
  const mine = log.addMine(words);
  log.hideChoices(true);
  current = turn(
    () => ask(message, mark),
    (kind) => {
      mine.remove();
      log.hideChoices(false);
      undo(kind);
    },
  );
  return mine;
}

async function retry() {
  conversation.cancel();
  await current;
  if (!hasLeft()) again();
}

// Where a keyboard on the screen pushes the page up, the bar with Exit moves down with what is in sight.
function keepBarInSight() {
  const seen = window.visualViewport;
  const follow = () => document.documentElement.style.setProperty("--pan", `${Math.max(0, seen.offsetTop)}px`);
  seen?.addEventListener("resize", follow);
  seen?.addEventListener("scroll", follow);
}

function takeOverPlainForms() {
  for (const form of document.querySelectorAll("form.choices")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      choose({ id: event.submitter.value, title: event.submitter.textContent });
    });
  }
}

onLeaving(conversation.surrender);
watchIdle(Number(document.documentElement.dataset.idleMinutes), () => conversation.isOpen() && forgetHere());
document.querySelector("[data-retry]").addEventListener("click", retry);
document.querySelector("[data-restart]").addEventListener("click", () => {
  composer.focus();
  begin();
});
takeOverPlainForms();
keepBarInSight();
document.documentElement.classList.add("scripted-on");
if (typesOnKeyboard()) composer.focus();
if (!conversation.isOpen()) begin();

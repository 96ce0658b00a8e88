// Puts the page together.

import { ask, health, Problem } from "./api.js";
import { choose, preferredLanguage, say, speak } from "./language.js";
import { recall, remember } from "./storage.js";
import * as transcript from "./transcript.js";

const find = (selector) => document.querySelector(selector);
const form = find("#ask");
const field = find("#question");
const send = find("#send");
const stop = find("#stop");
const restart = find("#restart");
const picker = find("#language");
const welcome = find("#welcome");
const release = find("#release");
const releaseText = find("#release-text");

let shownRelease;
let running = null;

function showRelease(state, key, values) {
  release.dataset.state = state;
  say(releaseText, key, values);
}

async function refreshRelease() {
  try {
    const { release_id: id, git_sha: sha } = await health();
    shownRelease = id;
    if (id && sha) showRelease("ok", "release_commit", { release: id, commit: sha.slice(0, 7) });
    else if (id) showRelease("ok", "release_named", { release: id });
    else showRelease("ok", "release_unnamed");
  } catch {
    shownRelease = undefined;
    showRelease("unreachable", "release_unreachable");
  }
}

function setRunning(controller) {
  running = controller;
  const hadFocus = document.activeElement === send || document.activeElement === stop;
  send.hidden = running !== null;
  stop.hidden = running === null;
  if (hadFocus) (running ? stop : field).focus();
}

async function submit(question) {
  if (running) return;
  welcome.hidden = true;
  restart.hidden = false;
  transcript.addQuestion(question);
  await answer(question);
}

async function answer(question) {
  const bubble = new transcript.Answer();
  const controller = new AbortController();
  setRunning(controller);
  let source = "ai";
  try {
    for await (const { name, data } of ask(question, recall("sessionStorage", "session"), controller.signal)) {
      if (name === "start") {
        source = data.source;
        remember("sessionStorage", "session", data.session_id);
        // A release may go live while somebody is typing.
        if (data.release_id !== shownRelease) refreshRelease();
      } else if (name === "delta") {
        bubble.grow(data.text);
      }
    }
    bubble.finish(source);
  } catch (error) {
    if (error.name === "AbortError") {
      bubble.stop();
    } else {
      const problem = error instanceof Problem ? error : new Problem("unexpected");
      bubble.fail(problem, () => {
        if (!running) answer(question);
      });
      if (problem.code === "unreachable") refreshRelease();
    }
  } finally {
    if (running === controller) setRunning(null);
  }
}

function fitField() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = field.value.trim();
  if (!question || running) return;
  field.value = "";
  fitField();
  submit(question);
});

field.addEventListener("input", fitField);
field.addEventListener("keydown", (event) => {
  // While an input method is composing, Enter picks a candidate; 229 is how Safari says so.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  form.requestSubmit();
});

stop.addEventListener("click", () => running?.abort());
restart.addEventListener("click", () => {
  running?.abort();
  setRunning(null);
  remember("sessionStorage", "session", null);
  transcript.clear();
  welcome.hidden = false;
  restart.hidden = true;
  field.focus();
});
for (const button of document.querySelectorAll("[data-suggestion]")) {
  button.addEventListener("click", () => {
    submit(button.textContent);
    field.focus();
  });
}
picker.addEventListener("change", () => choose(picker.value));

const language = preferredLanguage();
picker.value = language;
speak(language);
refreshRelease();
if (matchMedia("(hover: hover)").matches) field.focus();

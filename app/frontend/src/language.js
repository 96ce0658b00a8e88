// Which language the page speaks, and how its words get onto it.
//
// An element names its words: data-text (content), data-label (aria-label), data-placeholder; data-values holds what
// goes between the braces. So a change of language reaches everything, also what was added later.

import { messages } from "./messages.js";
import { recall, remember } from "./storage.js";

const TAGS = { en: "en", ja: "ja", ko: "ko", zh: "zh-Hans" };

let current = "en";

export function preferredLanguage() {
  const wanted = [recall("localStorage", "language"), ...navigator.languages];
  return wanted.map((tag) => tag?.toLowerCase().split("-")[0]).find((name) => name in messages) ?? "en";
}

export function speak(language) {
  current = language;
  document.documentElement.lang = TAGS[language];
  document.title = text("title");
  translate(document);
}

export function choose(language) {
  remember("localStorage", "language", language);
  speak(language);
}

export function text(key, values = {}) {
  return messages[current][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

export function say(element, key, values = {}) {
  element.dataset.text = key;
  element.dataset.values = JSON.stringify(values);
  element.textContent = text(key, values);
}

// A key that may not exist yet, as for a problem newer than this page.
export function known(key, otherwise) {
  return key in messages.en ? key : otherwise;
}

function translate(root) {
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text, JSON.parse(element.dataset.values ?? "{}"));
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
  }
  for (const element of root.querySelectorAll("[data-placeholder]")) {
    element.placeholder = text(element.dataset.placeholder);
  }
}

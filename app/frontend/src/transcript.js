// The conversation on the page: questions, answers as they grow, and what went wrong.

import { known, say, text } from "./language.js";

const scroller = document.querySelector("#conversation");
const list = document.querySelector("#transcript");
const announcer = document.querySelector("#announcer");

export function clear() {
  list.replaceChildren();
  announcer.textContent = "";
}

export function addQuestion(question) {
  const item = addItem("question", "you");
  item.append(create("p", "words", question));
  scroller.scrollTop = scroller.scrollHeight;
}

export class Answer {
  constructor() {
    this.item = addItem("answer", "assistant");
    this.words = create("p", "words");
    this.item.append(this.words);
    this.dots = create("span", "dots");
    this.dots.append(create("i"), create("i"), create("i"));
    this.dots.setAttribute("aria-hidden", "true");
    this.words.append(this.dots);
    this.text = document.createTextNode("");
    this.words.prepend(this.text);
    this.item.setAttribute("aria-busy", "true");
    // The growing text is not read out piece by piece; the whole answer is, when it is there.
    announce(text("answering"));
    follow(true);
  }

  grow(piece) {
    const atEnd = isAtEnd();
    this.item.classList.add("growing");
    this.text.data += piece;
    follow(atEnd);
  }

  finish(source) {
    this.settle();
    this.note(`source_${source}`);
    announce(this.text.data);
  }

  stop() {
    this.settle();
    this.note("stopped");
    announce(text("stopped"));
  }

  fail(problem, again) {
    this.settle();
    const notice = create("div", "notice");
    // The button stays outside of the alert: its countdown would be read out every second.
    const alert = create("div");
    alert.setAttribute("role", "alert");
    const sentence = create("p");
    say(sentence, known(`error_${problem.code.replaceAll("-", "_")}`, "error_unexpected"));
    alert.append(sentence);
    if (problem.requestId) {
      const reference = create("p", "reference");
      say(reference, "reference", { id: problem.requestId });
      alert.append(reference);
    }
    notice.append(alert);
    notice.append(retryButton(problem.retryAfter, again));
    const atEnd = isAtEnd();
    this.item.append(notice);
    follow(atEnd);
  }

  settle() {
    this.dots.remove();
    this.item.classList.remove("growing");
    this.item.removeAttribute("aria-busy");
    if (!this.text.data) this.words.remove();
  }

  note(key) {
    const note = create("p", "note");
    say(note, key);
    const atEnd = isAtEnd();
    this.item.append(note);
    follow(atEnd);
  }
}

function retryButton(seconds, again) {
  const button = create("button", "retry");
  button.type = "button";
  button.addEventListener("click", () => {
    button.remove();
    again();
  });
  let left = seconds ?? 0;
  const tick = () => {
    button.disabled = left > 0;
    if (left > 0) {
      say(button, "retry_in", { seconds: left });
      left -= 1;
      setTimeout(tick, 1000);
    } else {
      say(button, "retry");
    }
  };
  tick();
  return button;
}

function addItem(kind, speaker) {
  const item = create("li", `item ${kind}`);
  const name = create("span", "hidden");
  say(name, speaker);
  item.append(name);
  list.append(item);
  return item;
}

function create(tag, className = "", content = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content) element.textContent = content;
  return element;
}

function announce(words) {
  announcer.textContent = words;
}

// Whoever has scrolled up to read is left where they are.
function isAtEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}

function follow(atEnd) {
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
}

"use strict";
// Steps through a timeline: one row is current, the panel tells all about it.
document.documentElement.classList.add("scripted");

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function list(facts) {
  const made = element("dl", "");
  for (const [label, text] of facts) {
    const entry = element("div", "", label.toLowerCase());
    entry.append(element("dt", label), element("dd", text));
    made.append(entry);
  }
  return made;
}

class Timeline {
  constructor(root) {
    this.root = root;
    this.rows = [...root.querySelectorAll("tr.step")];
    const details = JSON.parse(root.querySelector("script.details").textContent);
    this.details = details.steps;
    this.frames = details.frames;
    this.current = root.querySelector(".current");
    this.lanes = root.querySelector(".lanes");
    this.at = -1;
    this.rows.forEach((row, number) => row.addEventListener("click", () => this.go(number)));
    root.querySelectorAll("tbody.unfold").forEach((unfold) => {
      unfold.querySelector("button").addEventListener("click", () => this.unfold(unfold));
    });
    root.querySelectorAll("[data-go]").forEach((button) => {
      button.addEventListener("click", () => this.go(this.target(button.dataset.go)));
    });
    this.lanes.addEventListener("keydown", (event) => this.key(event));
    this.show(details.selected);
  }

  unfold(unfold) {
    const hadFocus = unfold.contains(document.activeElement);
    unfold.nextElementSibling.classList.remove("fold");
    unfold.remove();
    if (hadFocus) this.lanes.focus({ preventScroll: true });
  }

  target(where) {
    return { home: 0, back: this.at - 1, forth: this.at + 1, end: this.rows.length - 1 }[where] ??
      Number(where);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("button")) return;
    const where = { ArrowRight: "forth", ArrowDown: "forth", ArrowLeft: "back", ArrowUp: "back",
      Home: "home", End: "end" }[event.key];
    if (!where) return;
    event.preventDefault();
    this.go(this.target(where));
  }

  go(number) {
    if (number < 0 || number >= this.rows.length) return;
    const block = this.rows[number].closest("tbody");
    if (block.classList.contains("fold")) this.unfold(block.previousElementSibling);
    if (number !== this.at) this.show(number);
    this.rows[number].scrollIntoView({ block: "nearest" });
  }

  // Where in the code: the innermost frame first, and most visible.
  stack(frames) {
    const made = element("ol", "", "stack");
    for (const number of frames) {
      const [, place, code] = /^(.*? in .*?): (.*)$/s.exec(this.frames[number]) ||
        [, this.frames[number], ""];
      const line = element("li", place);
      line.append(element("code", code));
      made.append(line);
    }
    return frames.length ? [element("p", "Code", "label"), made] : [];
  }

  show(number) {
    if (this.at >= 0) this.rows[this.at].removeAttribute("aria-current");
    this.at = number;
    this.rows[number].setAttribute("aria-current", "step");
    const detail = this.details[number];
    const parts = [element("p", `Step ${number + 1} of ${this.rows.length}` +
      (detail.time ? ` at ${detail.time}` : ""), "position")];
    if (detail.first) parts.push(element("p", "First difference", "difference"));
    parts.push(element("p", detail.step, "step"), list(detail.facts), ...this.stack(detail.stack));
    if (detail.other) {
      parts.push(element("p", "Without the fault:", "without"), element("p", detail.other, "step"),
        list(detail.otherFacts));
    }
    this.current.replaceChildren(...parts);
  }
}

// A timeline costs nothing until it is opened.
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((each) => each.isIntersecting)) {
    seen.unobserve(entry.target);
    new Timeline(entry.target);
  }
});
document.querySelectorAll(".timeline").forEach((root) => seen.observe(root));

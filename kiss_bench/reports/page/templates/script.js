"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tip = document.getElementById("tip");

  // Sorting: a click on a heading goes through descending, ascending and the order that the table came in.
  const key = (row, column) => {
    const told = row.cells[column].dataset.sort;
    return told === undefined || told === "–" ? null : told;
  };
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? String(a).localeCompare(String(b), "en", {numeric: true}) : x - y;
  };
  const sort = (table, heading, column) => {
    const numbers = heading.classList.contains("r");
    const [first, second] = numbers ? ["descending", "ascending"] : ["ascending", "descending"];
    const was = heading.getAttribute("aria-sort");
    const now = was === null ? first : was === first ? second : null;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    if (now) heading.setAttribute("aria-sort", now);
    const rows = [...table.rowsAsTheyCame];
    if (now) {
      const sign = now === "ascending" ? 1 : -1;
      rows.sort((a, b) => {
        const [x, y] = [key(a, column), key(b, column)];
        if (x === null || y === null) return (x === null) - (y === null);
        return sign * compare(x, y);
      });
    }
    table.tBodies[0].append(...rows);
  };
  for (const table of all("table.sortable")) {
    table.rowsAsTheyCame = [...table.tBodies[0].rows];
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => sort(table, heading, column));
    });
  }

  // Tips: the mark under the pointer or finger, or the one that the arrow keys have come to.
  const show = (mark, x, y) => {
    all(".at").forEach((other) => other.classList.remove("at"));
    tip.hidden = !mark;
    if (!mark) return;
    mark.classList.add("at");
    tip.textContent = mark.dataset.tip;
    const {width, height} = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 4))}px`;
    tip.style.top = `${y + height + 26 > innerHeight ? Math.max(4, y - height - 14) : y + 18}px`;
  };
  let pinned = null;
  const link = (rung) => {
    const found = rung ?? pinned;
    document.body.classList.toggle("linked", found !== null);
    all("[data-rung]").forEach((one) => one.classList.toggle("on", one.dataset.rung === found));
  };
  const rungOf = (target) => target.closest?.("[data-rung]")?.dataset.rung ?? null;
  const pointed = (event) => {
    show(event.target.closest?.("[data-tip]") ?? null, event.clientX, event.clientY);
    link(rungOf(event.target));
  };
  document.addEventListener("pointermove", pointed);
  document.addEventListener("pointerdown", pointed);
  document.addEventListener("pointerleave", () => { show(null); link(null); });
  document.addEventListener("scroll", () => show(null), {passive: true});
  document.addEventListener("focusin", (event) => link(rungOf(event.target)));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    pinned = null;
    all("button.name").forEach((button) => button.setAttribute("aria-pressed", "false"));
    show(null);
    link(null);
  });
  for (const picture of all(".picture")) {
    const marks = all("[data-tip]", picture);
    if (!marks.length) continue;
    const svg = picture.querySelector("svg");
    picture.tabIndex = 0;
    picture.setAttribute("role", "group");
    picture.setAttribute("aria-label", `Picture with ${marks.length} marks; arrow keys go through them`);
    let at = -1;
    picture.addEventListener("keydown", (event) => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      if (!step) return;
      event.preventDefault();
      at = at < 0 && step < 0 ? marks.length - 1 : (at + step + marks.length) % marks.length;
      const box = marks[at].getBoundingClientRect();
      show(marks[at], box.left + box.width / 2, box.top + box.height / 2);
      link(marks[at].dataset.rung ?? null);
    });
    picture.addEventListener("blur", () => { at = -1; show(null); link(null); });
  }

  // A rung's name in the table holds it in all pictures, until it or Escape is pressed again.
  for (const name of all("tr[data-rung] > th > .name")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "name";
    button.title = name.title;
    button.setAttribute("aria-pressed", "false");
    button.textContent = name.textContent;
    name.replaceWith(button);
    button.addEventListener("click", () => {
      const rung = rungOf(button);
      pinned = pinned === rung ? null : rung;
      all("button.name").forEach((other) =>
        other.setAttribute("aria-pressed", String(rungOf(other) === pinned)));
      link(null);
    });
  }

  // Folds: all at once, by address, and open on paper.
  const folds = all("details");
  const button = document.getElementById("all");
  button.hidden = false;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    folds.forEach((fold) => { fold.open = open; });
    button.setAttribute("aria-pressed", String(open));
    button.textContent = open ? "Close all" : "Open all";
  });
  const unfold = () => {
    const fold = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (fold instanceof HTMLDetailsElement) fold.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folds.filter((fold) => !fold.open);
    closed.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((fold) => { fold.open = false; }));

  // What scrolls sideways can be scrolled by keyboard.
  const boxes = all(".wide, pre");
  const names = new Map();
  const labels = new Map(boxes.map((box) => {
    const told = box.querySelector("caption") ?? box.closest("details[id]")?.querySelector("h3");
    const name = `Scrolls sideways: ${told?.textContent ?? "text"}`;
    names.set(name, (names.get(name) ?? 0) + 1);
    return [box, names.get(name) > 1 ? `${name} (${names.get(name)})` : name];
  }));
  const reach = () => boxes.forEach((box) => {
    if (box.scrollWidth > box.clientWidth + 1) {
      box.tabIndex = 0;
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", labels.get(box));
    } else {
      box.removeAttribute("tabindex");
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  });
  new ResizeObserver(reach).observe(document.body);
  folds.forEach((fold) => fold.addEventListener("toggle", reach));
  reach();
})();

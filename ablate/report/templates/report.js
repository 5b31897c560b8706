"use strict";
(() => {
  const words = document.body.dataset;
  const all = (selector, below = document) => [...below.querySelectorAll(selector)];

  // Tables: sort by a column, show rows that hold a text. A row of totals stays last.
  const value = (cell) => {
    const text = cell.textContent.trim().replace(/\u2212/g, "-").replace(/(\d),(?=\d{3})/g, "$1");
    const found = text.match(/^[^\d+\-∞]{0,3}([+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|∞))/i);
    return { text, number: found ? Number(found[1].replace("∞", "Infinity")) : NaN };
  };
  const compare = (a, b) => {
    if (Number.isNaN(a.number) !== Number.isNaN(b.number)) return Number.isNaN(a.number) ? 1 : -1;
    return a.number - b.number || a.text.localeCompare(b.text);
  };
  const sort = (table, place, head) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map((row) => [row.classList.contains("total"), value(row.cells[place]), row]);
    rows.sort((a, b) => a[0] - b[0] || (a[0] ? 0 : compare(a[1], b[1]) * (up ? 1 : -1)));
    table.tBodies[0].append(...rows.map((row) => row[2]));
  };
  for (const table of all("table")) {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.title = words.sort;
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, place, head));
      head.append(button);
    });
    if (rows.length < 9) continue;
    const filter = document.createElement("input");
    filter.type = "search";
    filter.className = "filter";
    filter.placeholder = words.filter;
    filter.setAttribute("aria-label", words.filter);
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLowerCase();
      for (const row of rows) row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    });
    table.closest(".scroll").before(filter);
  }

  // The contents follow what is read.
  const links = new Map(all("nav.contents a").map((link) => [link.hash.slice(1), link]));
  const sections = all("main section[id]").filter((section) => links.has(section.id));
  const follow = () => {
    const passed = sections.filter((section) => section.getBoundingClientRect().top < innerHeight * 0.3);
    const here = (passed.at(-1) || sections[0] || {}).id;
    for (const [id, link] of links) id === here ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; follow(); });
  }, { passive: true });
  follow();

  // A link into what is folded opens it; everything is open on paper.
  const open = () => {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!wanted) return;
    const inside = wanted.matches("section") ? wanted.querySelector(":scope > details.part") : wanted.closest("details");
    for (let fold = inside; fold; fold = fold.parentElement.closest("details")) fold.open = true;
    wanted.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const fold of closed) fold.open = true;
  });
  addEventListener("afterprint", () => { for (const fold of closed) fold.open = false; });

  // An explanation goes away with Escape, and never stands outside the window.
  addEventListener("keydown", (event) => { if (event.key === "Escape") document.body.classList.add("quiet"); });
  for (const kind of ["pointerover", "focusin"]) {
    addEventListener(kind, (event) => {
      const holder = event.target.closest && event.target.closest(".has-tip");
      if (!holder) return;
      document.body.classList.remove("quiet");
      const tip = holder.querySelector(".tip");
      tip.style.translate = "";
      const over = tip.getBoundingClientRect().right - (document.documentElement.clientWidth - 12);
      if (over > 0) tip.style.translate = `${-over}px 0`;
    });
  }
})();

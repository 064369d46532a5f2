"use strict";
(() => {
  const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);

  // Tables sort by a click on a head, and filter where they are long.
  each("table[data-sort]", (table) => {
    const body = table.tBodies[0];
    const value = (row, at) => {
      const cell = row.cells[at];
      return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent;
    };
    const absent = (row, at) => row.cells[at].classList.contains("n") && row.cells[at].dataset.v === undefined;
    each("thead th", (head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const at = head.cellIndex;
        const down = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
        const first = head.getAttribute("aria-sort") ? down : head.classList.contains("n") ? -1 : 1;
        each("th[aria-sort]", (other) => other.removeAttribute("aria-sort"), table);
        head.setAttribute("aria-sort", first > 0 ? "ascending" : "descending");
        const rows = [...body.rows];
        rows.sort((a, b) => {
          const gone = absent(a, at) - absent(b, at);
          if (gone) return gone;
          const [x, y] = [value(a, at), value(b, at)];
          return first * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
        });
        body.append(...rows);
      });
    }, table);
    if (body.rows.length > 12) {
      const filter = document.createElement("input");
      filter.className = "filter";
      filter.type = "search";
      filter.placeholder = "Filter rows";
      filter.setAttribute("aria-label", "Filter rows");
      filter.addEventListener("input", () => {
        const wanted = filter.value.toLowerCase();
        for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
      });
      table.closest(".scroll").before(filter);
    }
  });

  // A link to a node opens it.
  const reveal = () => {
    const found = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (found && found.tagName === "DETAILS") found.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();

  const tools = document.createElement("div");
  tools.className = "tools";
  const unit = document.createElement("button");
  unit.type = "button";
  unit.hidden = true;
  const theme = document.createElement("button");
  theme.type = "button";
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    name();
  });
  name();
  tools.append(unit, theme);
  document.body.append(tools);

  // A unit that is clicked is shown in every chart.
  let picked = null;
  const pick = (wanted) => {
    picked = wanted === picked ? null : wanted;
    each("g[data-u]", (mark) => mark.classList.toggle("hit", mark.dataset.u === picked));
    unit.hidden = picked === null;
    unit.textContent = picked === null ? "" : `Unit ${picked} ✕`;
  };
  unit.addEventListener("click", () => pick(null));
  document.addEventListener("click", (event) => {
    const mark = event.target.closest?.("g[data-u]");
    if (mark) pick(mark.dataset.u);
  });

  // What a mark stands for, at once and not after the browser's pause.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");
  let shown = null;
  const restore = () => {
    if (shown) shown.mark.prepend(shown.title);
    shown = null;
    tip.remove();
  };
  document.addEventListener("pointerover", (event) => {
    const mark = event.target.closest?.("g.m");
    if (shown && shown.mark === mark) return;
    restore();
    const title = mark?.querySelector(":scope > title");
    if (!title) return;
    title.remove();
    shown = { mark, title };
    tip.textContent = title.textContent;
    document.body.append(tip);
    const box = mark.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(above > 4 ? above : box.bottom + 6) + scrollY}px`;
  });
  document.addEventListener("scroll", restore, { passive: true });
})();

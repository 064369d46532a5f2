"use strict";
(() => {
  const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);
  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // Tables sort by a click on a head, and filter where they are long.
  const sortable = (table) => {
    const body = table.tBodies[0];
    const value = (row, at) => {
      const cell = row.cells[at];
      return cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell.textContent;
    };
    const absent = (row, at) => row.cells[at].classList.contains("n") && row.cells[at].dataset.v === undefined;
    each("thead th", (head) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
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
    if (body.rows.length <= 12) return;
    const filter = make("input", { className: "filter", type: "search", placeholder: "Filter rows, as in: features.9 >.3" });
    filter.setAttribute("aria-label", "Filter rows by words, or by numbers as in >.3");
    const count = make("span", { className: "quiet count" });
    count.setAttribute("aria-live", "polite");
    // Words must all stand in a row; a comparison must hold for one of its scores.
    const holds = (row, word) => {
      const compared = /^([<>]=?)(-?\d*\.?\d+)$/.exec(word);
      if (!compared) return row.textContent.toLowerCase().includes(word);
      const limit = Number(compared[2]);
      return [...row.cells].some((cell) => {
        if (cell.dataset.v === undefined) return false;
        const x = Number(cell.dataset.v);
        return { "<": x < limit, "<=": x <= limit, ">": x > limit, ">=": x >= limit }[compared[1]];
      });
    };
    filter.addEventListener("input", () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of body.rows) {
        row.hidden = !words.every((word) => holds(row, word));
        shown += !row.hidden;
      }
      count.textContent = words.length ? `${shown} of ${body.rows.length}` : "";
    });
    table.closest(".scroll").before(make("p", { className: "filters" }, filter, " ", count));
  };

  // A link to a node opens a drawer with how it came about; without scripts it leads to the list below.
  const drawer = make("dialog", { className: "drawer" });
  const open = (id) => {
    const node = document.getElementById(id);
    if (!node || !node.matches("details.node")) return false;
    const close = make("button", { type: "button", className: "close", textContent: "Close" });
    close.addEventListener("click", () => drawer.close());
    const title = make("h2", { textContent: node.querySelector(".id").textContent, id: "drawer-title" });
    const state = node.querySelector("summary .quiet").cloneNode(true);
    const rest = [...node.children].filter((child) => child.tagName !== "SUMMARY").map((child) => child.cloneNode(true));
    drawer.replaceChildren(make("div", { className: "head" }, title, close), make("p", {}, state), ...rest);
    drawer.setAttribute("aria-labelledby", "drawer-title");
    if (!drawer.open) drawer.showModal();
    drawer.scrollTop = 0;
    return true;
  };
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer) drawer.close();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#n"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (open(link.getAttribute("href").slice(1))) event.preventDefault();
  });
  const contents = document.querySelector(".contents");
  if (contents) {
    document.addEventListener("click", (event) => {
      if (event.target.closest?.(".contents a") || !contents.contains(event.target)) contents.open = false;
    });
    contents.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      contents.open = false;
      contents.querySelector("summary").focus();
    });
  }
  const reveal = () => {
    const found = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (found && found.tagName === "DETAILS") found.open = true;
  };
  addEventListener("hashchange", reveal);

  // Each chart as SVG and PNG, with the colours it has on the page now.
  const PROPERTIES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity", "paint-order", "font-family", "font-weight"];
  const NS = "http://www.w3.org/2000/svg";
  const drawn = (tag, attributes, text) => {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const inlined = (svg) => {
    const copy = svg.cloneNode(true);
    const [from, to] = [svg.querySelectorAll("*"), copy.querySelectorAll("*")];
    from.forEach((element, at) => {
      if (element.tagName === "title") return;
      const style = getComputedStyle(element);
      for (const property of PROPERTIES) {
        const value = style.getPropertyValue(property);
        if (value && value !== "none" && value !== "normal" || property === "fill") to[at].setAttribute(property, value);
      }
      to[at].removeAttribute("class");
    });
    for (const name of ["class", "tabindex", "role", "aria-roledescription", "aria-describedby"]) copy.removeAttribute(name);
    return copy;
  };
  const composed = (figure) => {
    const panels = figure.querySelector(".panels");
    const frame = panels.getBoundingClientRect();
    const [margin, ink, muted] = [16, getComputedStyle(figure).color, getComputedStyle(figure.querySelector(".made")).color];
    const font = getComputedStyle(document.body).fontFamily;
    const legend = [...figure.querySelectorAll(".legend li")];
    const top = margin + 26 + (legend.length ? 22 : 0);
    const [width, height] = [frame.width + 2 * margin, frame.height + top + margin];
    const all = drawn("svg", { xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": font });
    all.append(drawn("rect", { width, height, fill: getComputedStyle(figure).backgroundColor }));
    all.append(drawn("text", { x: margin, y: margin + 14, "font-size": 16, "font-weight": 640, fill: ink }, figure.querySelector("h3").textContent));
    let x = margin;
    for (const item of legend) {
      const swatch = item.querySelector("rect");
      if (swatch) all.append(drawn("rect", { x, y: margin + 30, width: 14, height: 5, fill: getComputedStyle(swatch).fill }));
      all.append(drawn("text", { x: swatch ? x + 20 : x, y: margin + 37, "font-size": 12, fill: swatch ? ink : muted }, item.textContent));
      x += item.getBoundingClientRect().width + 18;
    }
    const place = (element) => {
      const box = element.getBoundingClientRect();
      return { x: box.left - frame.left + margin, y: box.top - frame.top + top, width: box.width, height: box.height };
    };
    each("h4, p.note", (text) => {
      const box = place(text);
      if (!box.height) return;
      const size = parseFloat(getComputedStyle(text).fontSize);
      all.append(drawn("text", { x: box.x, y: box.y + size, "font-size": size, "font-weight": text.tagName === "H4" ? 620 : 400, fill: getComputedStyle(text).color }, text.textContent));
    }, panels);
    each("svg.chart", (svg) => {
      const box = place(svg);
      if (!box.width) return;
      const copy = inlined(svg);
      for (const [name, value] of Object.entries(box)) copy.setAttribute(name, value);
      all.append(copy);
    }, panels);
    return { text: new XMLSerializer().serializeToString(all), width, height };
  };
  const save = (blob, name) => {
    const link = make("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const takable = (figure) => {
    const take = figure.querySelector(".take");
    if (!take || take.dataset.dressed || !figure.querySelector(".panels svg.chart")) return;
    take.dataset.dressed = "yes";
    const svg = make("button", { type: "button", textContent: "SVG", title: "This chart as a drawing" });
    svg.addEventListener("click", () => save(new Blob([composed(figure).text], { type: "image/svg+xml" }), `${figure.dataset.file}.svg`));
    const png = make("button", { type: "button", textContent: "PNG", title: "This chart as a picture, at twice its size" });
    png.addEventListener("click", () => {
      const { text, width, height } = composed(figure);
      const picture = new Image();
      picture.addEventListener("load", () => {
        const canvas = make("canvas", { width: Math.round(width * 2), height: Math.round(height * 2) });
        canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
        canvas.toBlob((blob) => save(blob, `${figure.dataset.file}.png`), "image/png");
      });
      picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    });
    take.append(svg, png);
  };

  const tools = make("div", { className: "tools" });
  const unit = make("button", { type: "button", hidden: true });
  const theme = make("button", { type: "button" });
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const label = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    label();
  });
  label();
  const corner = make("div", { className: "tools corner" }, theme);
  tools.append(unit);

  // A unit that is clicked, in a chart or a table, is shown in all of them.
  let picked = null;
  const show = () => {
    each("[data-u]", (mark) => mark.classList.toggle("hit", mark.dataset.u === picked));
    each("svg.chart", (svg) => svg.classList.toggle("picked", picked !== null && svg.querySelector("g.hit") !== null));
    unit.hidden = picked === null;
    unit.textContent = picked === null ? "" : `${/^unit/i.test(picked) ? "" : "Unit "}${picked} ✕`;
  };
  const pick = (wanted) => {
    picked = wanted === picked ? null : wanted;
    show();
  };
  unit.addEventListener("click", () => pick(null));
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("a, button, input")) return;
    const mark = event.target.closest?.("[data-u]");
    if (mark) pick(mark.dataset.u);
  });

  // What a mark stands for, at once and not after the browser's pause.
  const tip = make("div", { className: "tip" });
  tip.setAttribute("aria-hidden", "true");
  let shown = null;
  const restore = () => {
    if (shown) shown.mark.prepend(shown.title);
    shown = null;
    tip.remove();
  };
  const point = (mark) => {
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
  };
  document.addEventListener("pointerover", (event) => point(event.target.closest?.("g.m")));
  document.addEventListener("scroll", () => { if (!at) restore(); }, { passive: true });

  // The same by keys: a chart of units is one stop, arrows walk through its marks, Enter picks the unit. Up and down
  // lead to the same unit's other marks, where it has some.
  const hint = make("p", { className: "unseen", id: "walk", textContent: "Arrow keys walk through the units, Enter picks one in every chart, Escape lets go." });
  const heard = make("div", { className: "unseen" });
  heard.setAttribute("aria-live", "polite");
  const walkable = (svg) => {
    if (!svg.querySelector("g[data-u]")) return;
    const attributes = { tabindex: "0", role: "application", "aria-roledescription": "chart", "aria-describedby": "walk" };
    for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  };
  let at = null;
  const stand = (mark) => {
    at?.classList.remove("at");
    at = mark;
    if (!mark) return;
    mark.classList.add("at");
    const said = mark.querySelector(":scope > title") ?? shown?.title;
    point(mark);
    heard.textContent = said?.textContent ?? mark.dataset.u;
  };
  const step = (svg, key) => {
    const marks = [...svg.querySelectorAll("g[data-u]")];
    const here = marks.indexOf(at);
    if (here < 0) return marks.find((mark) => mark.dataset.u === picked) ?? marks[0];
    const ends = { Home: marks[0], End: marks.at(-1) };
    if (ends[key]) return ends[key];
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[key];
    const same = marks.filter((mark) => mark.dataset.u === at.dataset.u);
    if (key.endsWith("Down") && by === 1 || key.endsWith("Up") && by === -1) {
      if (same.length > 1) return same.at((same.indexOf(at) + by) % same.length);
    }
    return marks[Math.min(Math.max(here + by, 0), marks.length - 1)];
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const svg = event.target.closest?.("svg.chart[tabindex]");
    const row = event.target.matches?.("tr[data-u]") ? event.target : null;
    if (!svg && !row) return;
    if (event.key === "Enter" || event.key === " ") {
      const wanted = row ?? (at && svg.contains(at) ? at : null);
      if (!wanted) return;
      pick(wanted.dataset.u);
    } else if (event.key === "Escape" && picked !== null) {
      pick(null);
    } else if (svg && /^(Arrow(Right|Left|Up|Down)|Home|End|Page(Up|Down))$/.test(event.key)) {
      stand(step(svg, event.key));
    } else if (row && /^Arrow(Up|Down)$/.test(event.key)) {
      const rows = [...row.parentElement.rows].filter((other) => !other.hidden);
      const next = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      row.removeAttribute("tabindex");
      next.tabIndex = 0;
      next.focus();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const svg = event.target.closest?.("svg.chart[tabindex]");
    if (svg?.matches(":focus-visible")) stand(step(svg, "Home"));
  });
  document.addEventListener("focusout", (event) => {
    if (!event.target.closest?.("svg.chart[tabindex]")) return;
    stand(null);
    restore();
  });

  // All that belongs to the page's content; a page that follows a run replaces its content and calls this again.
  const dress = () => {
    restore();
    each("table[data-sort]", sortable);
    each("figure[data-file]", takable);
    document.body.append(drawer, tools, corner, hint, heard);
    each("svg.chart", walkable);
    each("table", (table) => table.querySelector("tbody tr[data-u]")?.setAttribute("tabindex", "0"));
    show();
    reveal();
  };
  document.addEventListener("ventral:content", dress);
  dress();
})();

"use strict";
(() => {
  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const light = make("span", { className: "light" });
  const words = make("span", { className: "words" });
  words.setAttribute("aria-live", "polite");
  const bar = make("progress", { hidden: true });
  bar.setAttribute("aria-label", "Nodes done");
  const problem = make("pre", { hidden: true, tabIndex: 0 });
  problem.setAttribute("aria-label", "What is wrong with the recipe");
  const map = make("div", { className: "map", tabIndex: 0 });
  map.setAttribute("role", "region");
  map.setAttribute("aria-label", "Graph of the run");
  const shown = make("details", { open: true }, make("summary", { textContent: "Graph" }), map);
  const curves = make("div", { className: "curves", tabIndex: 0, hidden: true });
  curves.setAttribute("role", "region");
  curves.setAttribute("aria-label", "Trainings under way");
  const live = make("section", { className: "live" }, make("div", { className: "line" }, light, words, bar), problem);
  live.setAttribute("aria-label", "The run");
  // What is large scrolls away, and leaves the line.
  const stage = make("section", { className: "live stage" }, curves, shown);
  stage.setAttribute("aria-label", "The run's trainings and graph");
  document.body.prepend(live, stage);

  const state = { phase: "waiting", nodes: {}, total: 0, problem: null, summary: null, progress: {}, metrics: {} };
  const family = (node) => node.split("@")[0];

  const count = () => Object.values(state.nodes).filter((node) => node.state !== "running").length;
  const running = () => Object.keys(state.nodes).filter((node) => state.nodes[node].state === "running");
  const failed = () => Object.keys(state.nodes).filter((node) => state.nodes[node].state === "failed");

  const say = () => {
    const now = running();
    let phase = state.phase;
    let text = "Waiting for the recipe";
    if (phase === "running") {
      const of = (node) => (state.progress[node] ? `${node} ${state.progress[node]}` : node);
      text = now.length ? `Running ${now.slice(0, 3).map(of).join(", ")}${now.length > 3 ? ` and ${now.length - 3} more` : ""}` : "Running";
    } else if (phase === "done" && state.summary) {
      const { ran, cached, failed: bad, skipped, seconds } = state.summary;
      if (bad) phase = "failed";
      text = `${ran} ran, ${cached} cached${bad ? `, ${bad} failed, ${skipped} skipped` : ""} in ${seconds < 0.1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`}. Save the recipe to run again.`;
    } else if (phase === "wrong") {
      text = "The recipe has mistakes; below stays the last good report.";
    } else if (phase === "gone") {
      text = "The server has gone.";
    }
    live.dataset.phase = phase;
    words.textContent = text;
    bar.hidden = state.phase !== "running";
    bar.max = state.total || 1;
    bar.value = count();
    problem.hidden = !state.problem;
    problem.textContent = state.problem || "";
    const bad = failed();
    if (!state.problem && bad.length) {
      problem.hidden = false;
      problem.textContent = bad.map((node) => `${node}: ${state.nodes[node].message || "failed"}`).join("\n");
    }
    paint();
  };

  // The boxes of the graph: running as long as one of their variants is, fresh once one has run.
  const paint = () => {
    const families = {};
    for (const [node, { state: is }] of Object.entries(state.nodes)) (families[family(node)] ||= []).push(is);
    for (const box of document.querySelectorAll(".dag .box")) {
      const states = families[box.dataset.name] || [];
      box.classList.toggle("running", states.includes("running"));
      box.classList.toggle("fresh", states.includes("ran"));
      if (states.includes("failed")) box.classList.add("failed");
    }
  };
  const redraw = () => {
    const picture = document.querySelector("main .dag");
    shown.hidden = !picture;
    if (picture) {
      const copy = picture.cloneNode(true);
      copy.querySelectorAll("[id]").forEach((element) => element.removeAttribute("id"));
      map.replaceChildren(copy);
    }
    paint();
  };

  // Curves of the trainings under way: losses, and what the judging rows score. What they came to is in the report.
  const NS = "http://www.w3.org/2000/svg";
  const drawn = (tag, attributes, ...children) => {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const PLOTS = [["loss", ["train_loss", "val_loss"]], ["score on the judging rows", ["val_explained_variance", "val_r", "val_accuracy"]]];
  const spoken = (name) => name.replaceAll("_", " ").replace(/^val /, "validation ").replace(/^train /, "training ");
  const short = (x) => Number(x.toPrecision(3)).toString();
  const plot = (owner, title, names, epochs) => {
    const series = names.map((name) => [name, epochs.filter((e) => Number.isFinite(e.values[name])).map((e) => [e.epoch, e.values[name]])]).filter(([, points]) => points.length);
    if (!series.length) return [];
    const all = series.flatMap(([, points]) => points);
    const ends = (at) => [Math.min(...all.map((p) => p[at])), Math.max(...all.map((p) => p[at]))];
    const [[first, last], [low, high]] = [ends(0), ends(1)];
    const [left, right, top, bottom] = [44, 268, 8, 84];
    const x = (epoch) => (last > first ? left + (right - left) * (epoch - first) / (last - first) : left);
    const y = (value) => (high > low ? bottom - (bottom - top) * (value - low) / (high - low) : (top + bottom) / 2);
    const said = series.map(([name, points]) => `${spoken(name)} ${short(points.at(-1)[1])}`).join(", ");
    const svg = drawn("svg", { viewBox: "0 0 280 102", role: "img", "aria-label": `${owner}: ${title} over epochs ${first} to ${last}; last: ${said}` });
    svg.append(drawn("path", { class: "frame", d: `M${left} ${top}V${bottom}H${right}` }));
    const text = (at, down, anchor, content) => svg.append(drawn("text", { x: at, y: down, "text-anchor": anchor }, content));
    text(left - 5, top + 4, "end", short(high));
    if (high > low) text(left - 5, bottom + 3, "end", short(low));
    text(left, bottom + 14, "start", `epoch ${first}`);
    if (last > first) text(right, bottom + 14, "end", last);
    series.forEach(([, points], at) => {
      svg.append(drawn("polyline", { class: `c${at}`, points: points.map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`).join(" ") }));
      svg.append(drawn("circle", { class: `c${at}`, cx: x(points.at(-1)[0]).toFixed(1), cy: y(points.at(-1)[1]).toFixed(1), r: 2.5 }));
    });
    const legend = make("p", {}, ...series.map(([name, points], at) => make("span", { className: `c${at}` }, `${spoken(name)} `, make("b", { textContent: short(points.at(-1)[1]) }))));
    return [make("div", { className: "plot" }, svg, legend)];
  };
  let latest = null;
  const draw = () => {
    const trained = Object.keys(state.metrics || {}).filter((node) => {
      const is = state.nodes[node]?.state;
      return is === "running" || is === "failed" || (node === latest && state.phase === "running");
    });
    curves.hidden = !trained.length;
    curves.replaceChildren(...trained.map((node) => {
      const epochs = state.metrics[node];
      const { learning_rate: rate, seconds } = epochs.at(-1).values;
      const rest = [`epoch ${epochs.at(-1).epoch}`, ...(rate ? [`learning rate ${short(rate)}`] : []), ...(seconds ? [`${short(seconds)} s an epoch`] : [])].join(" · ");
      const plots = PLOTS.flatMap(([title, names]) => plot(node, title, names, epochs));
      return make("div", { className: "curve" }, make("p", {}, make("b", { textContent: node }), ` ${rest}`), make("div", { className: "plots" }, ...plots));
    }));
  };
  const metric = (node, epochs) => {
    ((state.metrics ||= {})[node] ||= []).push(...epochs);
    draw();
  };

  // A new page takes the place of the old one; during a run, charts that are yet to come stay, faded.
  let wanted = 0;
  const swap = async ({ revision, passing }) => {
    wanted = revision;
    const answer = await fetch(`page?${revision}`);
    const text = await answer.text();
    if (wanted !== revision) return;
    const next = new DOMParser().parseFromString(text, "text/html");
    const open = [...document.querySelectorAll("main details[open]")].map((details) => details.id).filter(Boolean);
    const closed = [...document.querySelectorAll("main details.table:not([open])")].map((details) => details.id);
    const [x, y] = [scrollX, scrollY];
    if (passing) {
      const known = new Map([...next.querySelectorAll("figure[data-file]")].map((figure) => [figure.dataset.file, figure]));
      for (const old of document.querySelectorAll("main figure[data-file]")) {
        if (known.has(old.dataset.file)) continue;
        old.classList.add("waiting");
        if (old.classList.contains("key") && !next.querySelector("main > figure.key")) next.querySelector("main").prepend(old);
        else next.querySelector("#results")?.append(old);
      }
      next.querySelectorAll("header .alert.stale, header .alert.new").forEach((alert) => alert.remove());
    }
    // The last answer stays, faded, until there is another.
    const answered = document.querySelector("header.top .answer b") && !next.querySelector("header.top .answer b");
    if (passing && answered) document.querySelector("header.top .answer").classList.add("waiting");
    for (const part of passing && answered ? ["main", "footer"] : ["header.top", "main", "footer"]) {
      const [old, fresh] = [document.querySelector(part), next.querySelector(part)];
      if (old && fresh) old.replaceWith(fresh);
    }
    document.title = next.title;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    for (const id of closed) document.getElementById(id)?.removeAttribute("open");
    document.dispatchEvent(new Event("ventral:content"));
    scrollTo({ left: x, top: y, behavior: "instant" });
    redraw();
    document.documentElement.dataset.revision = revision;
  };

  const source = new EventSource("events");
  let revision = null;
  source.addEventListener("state", (event) => {
    const said = JSON.parse(event.data);
    Object.assign(state, said);
    // The server may have rendered while this page was on its way.
    if (said.revision && said.revision !== revision) swap({ revision: said.revision, passing: said.phase === "running" });
    revision = said.revision;
    draw();
    say();
  });
  source.addEventListener("run", (event) => {
    const said = JSON.parse(event.data);
    if (said.event === "run_started") {
      Object.assign(state, { phase: "running", nodes: {}, total: said.nodes, summary: null, progress: {}, metrics: {} });
      draw();
    } else if (said.event === "node_started") {
      state.nodes[said.node] = { state: "running" };
      delete state.metrics[said.node];
    } else if (said.event === "node_progress") {
      state.progress[said.node] = said.total ? `${said.done}/${said.total} ${said.what}` : "";
    } else if (said.event === "node_finished") {
      state.nodes[said.node] = { state: said.state, seconds: said.seconds, message: said.message };
      delete state.progress[said.node];
      if (state.metrics[said.node]) latest = said.node;
      draw();
    } else if (said.event === "metric") {
      metric(said.node, [{ epoch: said.epoch, values: said.values }]);
    } else if (said.event === "training_resumed") {
      metric(said.node, said.epochs);
    } else if (said.event === "run_finished") {
      Object.assign(state, { phase: state.problem ? "wrong" : "done", summary: said });
      draw();
    }
    say();
  });
  source.addEventListener("page", (event) => {
    const said = JSON.parse(event.data);
    revision = said.revision;
    swap(said);
  });
  source.addEventListener("error", () => {
    state.phase = "gone";
    say();
  });
  redraw();
  say();
})();

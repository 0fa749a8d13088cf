// The threshold explorer's front end. It looks up what `Explorer.tables` counted; it computes no metric, and
// does not judge whether a match is right. The label -1: of a match "unknown", of a query "nobody's".
//
//   look, best, score    pure: tables in, numbers and sentences out (as simlib/explorer/counts.py says them)
//   render               draws them; called by JupyterLab (anywidget) and by a static page alike

const EACH = 5; // digits on either side of the line
const GOALS = {
  f1: { title: "highest F1", inputs: [] },
  precision: { title: "precision ≥", inputs: [["", 0.99]] },
  fpr: { title: "false positive rate (fpr) ≤", inputs: [["", 0.1]] },
  cost: { title: "lowest cost", inputs: [["wrong match", 5], ["missed match", 1]] },
};
const LINES = { precision: "precision", recall: "recall", f1: "F1" };

// ---------------------------------------------------------------- numbers

/** A number with `digits` decimals, rounded as Python does: a half goes to the even neighbour. */
export function fixed(x, digits) {
  const halves = x * 2 ** (digits + 1); // x lies just between two decimals if this is an odd number
  if (!Number.isInteger(halves) || halves % 2 === 0) return x.toFixed(digits);
  const below = Math.floor(x * 10 ** digits);
  return ((below + Math.abs(below % 2)) / 10 ** digits).toFixed(digits);
}

/** How many of the ascending `steps` are at most `threshold`. */
export function position(steps, threshold) {
  const t = Math.fround(threshold); // Python holds distances as float32
  let low = 0, high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Math.fround(steps[middle]) <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The true labels, one for each row of the matrix. */
const owners = (tables) => (tables.nobody ? [...tables.classes, -1] : tables.classes);
const named = (label) => (label === -1 ? "nobody" : String(label));

/** What one threshold gives in one group. */
export function look(tables, threshold, group = "all") {
  const part = tables.groups[group], i = position(part.steps, threshold);
  const view = { threshold, group, position: i };
  for (const name of ["tp", "fp", "fn", "tn", "f1", "precision", "recall", "fpr"]) view[name] = part[name][i];
  const border = view.tp + view.fp, place = new Map([...tables.classes, -1].map((c, j) => [c, j]));
  view.matrix = owners(tables).map(() => Array(place.size).fill(0));
  part.rows.forEach((q, rank) => {
    const answer = rank < border ? tables.match[q] : -1;
    view.matrix[place.get(tables.label[q])][place.get(answer)] += 1;
  });
  view.inside = part.rows.slice(Math.max(0, border - EACH), border).reverse();
  view.outside = part.rows.slice(border, Math.min(border + EACH, part.reachable));
  const all = view.tp + view.fp + view.fn + view.tn;
  view.words =
    `At ${fixed(threshold, 4)}, ${view.fn + view.tn} of ${all} ${tables.noun} called unknown ` +
    `(${view.fn} with a right match); ${view.tp} matched rightly, ${view.fp} wrongly.`;
  return view;
}

/** The step that reaches a goal: {met, threshold}; for a target not met, the closest step. */
export function best(part, goal, a = 1, b = 1) {
  const places = part.steps.map((_, j) => j + 1);
  const arg = (values, better) =>
    places.reduce((k, i) => (values[i] !== null && (k === 0 || better(values[i], values[k])) ? i : k), 0);
  const more = (x, y) => x > y, less = (x, y) => x < y;
  const cutpoint = (i, met = true) => ({ met: met && i > 0, threshold: i > 0 ? part.steps[i - 1] : NaN });
  if (goal === "f1") return cutpoint(arg(part.f1, more));
  if (goal === "cost") return cutpoint(arg(part.fp.map((fp, i) => a * fp + b * part.fn[i]), less));
  const values = part[goal], meets = goal === "fpr" ? (v) => v <= a : (v) => v >= a;
  const last = places.filter((i) => values[i] !== null && meets(values[i])).pop();
  return last ? cutpoint(last) : cutpoint(arg(values, goal === "fpr" ? less : more), false);
}

/** A guessed cutpoint against the calibrated one in one group, in words. */
export function score(tables, guess, group = "all") {
  const mine = look(tables, guess, group), top = look(tables, tables.calibrated, group);
  const errors = mine.fp + mine.fn - top.fp - top.fn, calibrated = `the calibrated ${fixed(tables.calibrated, 4)}`;
  const among = group === "all" ? "" : `Among ${group}: `;
  const more = `decides ${Math.abs(errors)} ${errors < 0 ? "fewer" : "more"} ${tables.noun} wrongly`;
  if (mine.f1 === null || top.f1 === null) return `${among}Your guess ${fixed(guess, 4)} ${more} than ${calibrated}.`;
  const loss = top.f1 - mine.f1;
  return (
    `${among}Your guess ${fixed(guess, 4)} has F1 ${fixed(mine.f1, 3)}; ${calibrated} has ${fixed(top.f1, 3)}. ` +
    `The guess ${loss < 0 ? "gains" : "costs"} ${fixed(Math.abs(loss), 3)} of F1 and ${more}.`
  );
}

// ---------------------------------------------------------------- drawing

function make(space, tag, attributes = {}, ...children) {
  const node = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}
const h = (tag, ...rest) => make(null, tag, ...rest);
const s = (tag, ...rest) => make("http://www.w3.org/2000/svg", tag, ...rest);

const FRAME = { left: 46, right: 66, heap: 82, title: 22, gap: 6, top: 24, curves: 150, axis: 34 };

/** The two heaps and, unless `bare`, the curves on one distance axis; `move` shifts what depends on the cutpoint. */
function charts(tables, part, width, id, bare) {
  const f = FRAME, edges = tables.edges, inner = width - f.left - f.right;
  const low = edges[0], high = edges[edges.length - 1];
  const x = (d) => f.left + (inner * (d - low)) / (high - low || 1);
  const names = bare ? [] : Object.keys(LINES), heaps = f.top + 2 * f.heap + f.gap;
  const bottom = bare ? heaps : heaps + f.gap + 14 + f.curves, height = bottom + f.axis;
  const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Distances of right and wrong matches${bare ? "" : ", and precision, recall and F1 against the cutpoint"}` });
  const inside = s("rect", { x: f.left, y: 0, height }), outside = s("rect", { y: 0, height });
  svg.append(s("clipPath", { id: `${id}in` }, inside), s("clipPath", { id: `${id}out` }, outside));

  const titles = ["same", "different"].map((name, row) => {
    const counts = part[name], top = Math.max(1, ...counts), total = counts.reduce((a, b) => a + b, 0);
    const base = f.top + f.heap + row * (f.heap + f.gap);
    const bars = counts.map((n, j) => {
      const tall = n ? Math.max(2, ((f.heap - f.title) * n) / top) : 0, left = x(edges[j]);
      return `M${left + 0.5},${base}v${-tall}H${Math.max(left + 1, x(edges[j + 1]) - 0.5)}v${tall}z`;
    }).join("");
    const title = name === "same" ? "same class: a right match" : "different class: a wrong match";
    svg.append(
      s("path", { d: bars, class: `fill-${name}`, "clip-path": `url(#${id}in)` }),
      s("path", { d: bars, class: `fill-${name} pale`, "clip-path": `url(#${id}out)` }),
      s("line", { x1: f.left, x2: width - f.right, y1: base + 0.5, y2: base + 0.5, class: "axis" }),
      s("text", { x: f.left - 6, y: base - f.heap + f.title + 8, class: "tick end" }, String(top)),
      s("text", { x: f.left - 6, y: base, class: "tick end" }, "0"),
    );
    const place = { x: width - f.right, y: base - f.heap + 14, class: `ink-${name} end halo` };
    return s("text", place, `${title} (${total})`);
  });

  const y = (v) => bottom - f.curves * v;
  for (const v of bare ? [] : [0, 0.5, 1])
    svg.append(s("line", { x1: f.left, x2: width - f.right, y1: y(v), y2: y(v), class: v ? "grid" : "axis" }),
      s("text", { x: f.left - 6, y: y(v) + 4, class: "tick end" }, v.toFixed(1)));
  for (const d of ticks(low, high, inner / 70))
    svg.append(s("line", { x1: x(d), x2: x(d), y1: bottom, y2: bottom + 4, class: "axis" }),
      s("text", { x: x(d), y: bottom + 16, class: "tick middle" }, d));
  svg.append(s("text", { x: f.left + inner / 2, y: height - 4, class: "tick middle" }, "distance"));
  for (const name of names) {
    let path = "";
    part[name].forEach((v, i) => {
      if (v === null || i === 0) return;
      path += path ? `H${x(part.steps[i - 1])}V${y(v)}` : `M${x(part.steps[i - 1])},${y(v)}`;
    });
    svg.append(s("path", { d: path && `${path}H${x(high)}`, class: `line line-${name}` }));
  }

  const flags = { unknown: s("text", { y: 13, class: "tick" }, "unknown →"), matched: s("text", { y: 13, class: "tick end" }, "← matched") };
  const lines = {};
  for (const name of ["calibrated", "guess", "cut"]) {
    lines[name] = s("line", { y1: f.top - 6, y2: bottom, class: `at at-${name}` });
    svg.append(lines[name]);
  }
  const dots = {}, labels = {};
  for (const name of names) {
    dots[name] = s("circle", { r: 4.5, class: `dot dot-${name}` });
    labels[name] = s("text", { x: width - f.right + 8, class: `label ink-${name}` });
    svg.append(dots[name], labels[name]);
  }
  svg.append(...titles, flags.matched, flags.unknown);

  function move(view, marks) {
    const at = Math.min(Math.max(x(view.threshold), f.left), width - f.right);
    inside.setAttribute("width", Math.max(0, at - f.left));
    outside.setAttribute("x", at);
    outside.setAttribute("width", Math.max(0, width - at));
    flags.matched.setAttribute("x", at - 6);
    flags.matched.style.display = at - f.left < 70 ? "none" : "";
    flags.unknown.setAttribute("x", at + 6);
    for (const [name, line] of Object.entries(lines)) {
      const d = name === "cut" ? view.threshold : marks[name], where = x(d ?? low);
      line.style.display = d === null || d === undefined ? "none" : "";
      line.setAttribute("x1", where);
      line.setAttribute("x2", where);
    }
    // Labels at the right edge, as high as their dots, but never one over another.
    let above = -Infinity;
    for (const name of [...names].sort((p, q) => (view[q] ?? 2) - (view[p] ?? 2))) {
      const v = view[name];
      dots[name].style.display = v === null ? "none" : "";
      dots[name].setAttribute("cx", at);
      dots[name].setAttribute("cy", y(v ?? 0));
      above = Math.max(above + 28, y(v ?? 1) - 4);
      above = Math.min(above, bottom - 20);
      labels[name].replaceChildren(
        s("tspan", { x: width - f.right + 8, y: above }, LINES[name]),
        s("tspan", { x: width - f.right + 8, y: above + 13, class: "value" }, v === null ? "–" : fixed(v, 3)));
    }
  }
  return { svg, move, distance: (px) => low + ((px - f.left) / inner) * (high - low), low, high };
}

function ticks(low, high, many) {
  const rough = (high - low || 1) / Math.max(2, many), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough);
  const marks = [], digits = Math.max(0, -Math.floor(Math.log10(step)));
  for (let i = Math.ceil(low / step); i * step <= high; i++) marks.push((i * step).toFixed(digits));
  return marks;
}

/** The confusion matrix, with a last column for "unknown". */
function matrixTable(tables) {
  const classes = tables.classes, rows = owners(tables), cells = rows.map(() => [...classes, -1].map(() => h("td")));
  const table = h("table", {},
    h("caption", {}, "True class (down), matched as (across)"),
    h("thead", {}, h("tr", {}, h("td"), ...classes.map((c) => h("th", { scope: "col" }, String(c))),
      h("th", { scope: "col", class: "unknown" }, "unknown"))),
    h("tbody", {}, ...rows.map((c, i) => h("tr", {}, h("th", { scope: "row" }, named(c)), ...cells[i]))));
  function move(view) {
    view.matrix.forEach((row, i) => {
      const total = row.reduce((a, b) => a + b, 0);
      row.forEach((n, j) => {
        const kind = i === j ? "same" : j === classes.length ? "uncertain" : "different";
        cells[i][j].textContent = n || "";
        cells[i][j].className = n ? `cell-${kind}` : j === classes.length ? "unknown" : "";
        // The square root: one mistake in fifty is still to be seen.
        cells[i][j].style.setProperty("--share", n ? 12 + 60 * Math.sqrt(n / total) + "%" : "0%");
      });
    });
  }
  return { table, move };
}

/** What the lines and colours mean. */
function legend(tables) {
  const guess = h("li", { class: "key-guess" });
  const node = h("ul", { class: "legend" },
    h("li", { class: "key-same" }, "right"), h("li", { class: "key-different" }, "wrong"),
    h("li", { class: "key-uncertain" }, "unknown"),
    h("li", { class: "key-calibrated" }, `calibrated ${fixed(tables.calibrated, 4)}`), guess);
  function move(mine) {
    guess.textContent = mine === null ? "" : `your guess ${fixed(mine, 4)}`;
    guess.hidden = mine === null;
  }
  return { node, move };
}

/** A short address for a picture: twenty tiles with a long one each would make every step slow. */
function blobAddress(data) {
  const [kind, text] = data.slice(5).split(";base64,");
  return URL.createObjectURL(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], { type: kind }));
}

/** The digits nearest the line, the last matched on the left and the first unknown on the right. */
function strip(tables) {
  const sheet = tables.pictures, size = 46, address = sheet && blobAddress(sheet.src);
  const picture = (tile, alt) => {
    const node = h("div", { class: "digit", role: "img", "aria-label": alt }), scale = size / sheet.height;
    node.style.cssText = `width:${sheet.width * scale}px;height:${size}px;background-image:url(${address});` +
      `background-size:${sheet.columns * sheet.width * scale}px auto;background-position:` +
      `${-(tile % sheet.columns) * sheet.width * scale}px ${-Math.floor(tile / sheet.columns) * size}px`;
    return node;
  };
  const sample = (q) => {
    const right = tables.right[q], kind = right ? "same" : "different", owner = named(tables.label[q]);
    const match = tables.match[q];
    const tiles = [];
    if (sheet) tiles.push(picture(q, `the query: ${owner}`));
    if (sheet?.neighbor) tiles.push(picture(sheet.neighbor[q], `its nearest neighbour: ${match}`));
    return h("li", { class: `sample sample-${kind}` }, ...(tiles.length ? [h("div", { class: "pair" }, ...tiles)] : []),
      h("div", { class: `ink-${kind}` }, `${right ? "✓" : "✗"} ${owner} → ${match}`),
      h("div", { class: "distance" }, fixed(tables.distance[q], 4)));
  };
  const sides = { inside: h("ol"), outside: h("ol") };
  const node = h("div", { class: "strip" },
    h("p", {}, `The ${tables.noun} nearest the line${sheet?.neighbor ? ", each above its nearest neighbour" : ""}`),
    h("section", {}, h("h4", {}, "Just inside: matched"), sides.inside),
    h("section", {}, h("h4", {}, "Just outside: unknown"), sides.outside));
  function move(view) {
    sides.inside.replaceChildren(...[...view.inside].reverse().map(sample));
    sides.outside.replaceChildren(...view.outside.map(sample));
    for (const side of Object.values(sides)) if (!side.children.length) side.append(h("li", { class: "none" }, "none"));
  }
  return { node, move, forget: () => address && URL.revokeObjectURL(address) };
}

// ---------------------------------------------------------------- the panel

let panels = 0;

function render({ model, el }) {
  const tables = model.get("tables"), id = `simlib-${Date.now().toString(36)}-${panels++}-`;
  const state = { threshold: model.get("threshold"), group: model.get("group"), guess: model.get("guess") ?? null };
  const asking = () => tables.guess === "ask" && state.guess === null;
  const part = () => tables.groups[state.group];
  let chart, drawn = 0; // the width of the plot for which the chart was last drawn

  const readout = h("output", { class: "cutpoint" });
  const slider = h("input", { type: "range", step: "any", "aria-label": "cutpoint: the largest distance accepted" });
  const words = h("p", { class: "words", "aria-live": "polite" });
  const verdict = h("p", { class: "verdict", "aria-live": "polite" });
  const said = h("p", { class: "said", "aria-live": "polite" });
  const plot = h("div", { class: "plot" });
  const matrix = matrixTable(tables), digits = strip(tables), keys = legend(tables);

  const groups = h("fieldset", { class: "switch" }, h("legend", {}, "Classes"));
  for (const name of Object.keys(tables.groups))
    groups.append(h("label", {}, h("input", { type: "radio", name: `${id}group`, value: name,
      onchange: () => change({ group: name }) }), h("span", {}, name)));
  const switched = Object.keys(tables.groups).length > 1 ? [groups] : []; // a switch of one is none

  const goal = h("select", { "aria-label": "goal", onchange: () => showInputs() },
    ...Object.entries(GOALS).map(([name, { title }]) => h("option", { value: name }, title)));
  const inputs = h("span", { class: "inputs", oninput: () => hint() }), share = h("span", { class: "hint" });
  const jump = h("button", { type: "button", class: "jump", onclick: () => leap() }, "Jump there");
  const guess = h("button", { type: "button", class: "guess", onclick: () => change({ guess: state.threshold }) });

  const controls = h("div", { class: "controls" }, ...switched,
    h("div", { class: "goal" }, h("span", { class: "name" }, "Goal"), goal, inputs, share, jump));
  const prompt = h("div", { class: "prompt" });

  const root = h("div", { class: "simlib-explorer", "data-lm-suppress-shortcuts": "true" },
    controls, words, prompt, verdict, said,
    h("div", { class: "figures" },
      h("div", { class: "charts" }, h("div", { class: "track" }, h("label", {}, "Cutpoint ", readout), slider), plot),
      h("div", { class: "answers" }, matrix.table, keys.node)),
    h("p", { class: "note" }, "Once you have guessed, the answer appears here: the best cutpoint beside yours, " +
      "precision, recall and F1 at each, and which classes are mistaken for which."),
    digits.node);

  function showInputs() {
    inputs.replaceChildren(...GOALS[goal.value].inputs.map(([title, value]) =>
      h("label", {}, title, h("input", { type: "number", step: "any", min: 0, value, "aria-label": title || "value" }))));
    said.textContent = "";
    hint();
  }

  /** The false positive rate is a share of the wrong matches, which may be few: how many it allows. */
  function hint() {
    const wrong = part().fp[0] + part().tn[0], allowed = Math.floor(wrong * inputs.querySelector("input")?.valueAsNumber + 1e-9);
    share.textContent = goal.value === "fpr" && allowed >= 0 ? `at most ${Math.min(allowed, wrong)} of the ${wrong} wrong matches` : "";
  }

  function leap() {
    const values = [...inputs.querySelectorAll("input")].map((node) => node.valueAsNumber);
    if (values.some((v) => !(v >= 0))) return void (said.textContent = "Give a number of 0 or more.");
    const chosen = best(part(), goal.value, ...values), target = `${GOALS[goal.value].title} ${values.join(", ")}`;
    if (chosen.met) return change({ threshold: chosen.threshold });
    said.textContent = isNaN(chosen.threshold)
      ? `${target}: 0 of 0 at every distance among “${state.group}”, so nothing is to be reached.`
      : `No distance reaches ${target} among “${state.group}”; the closest try is at ${fixed(chosen.threshold, 4)}.`;
  }

  function change(some) {
    Object.assign(state, some);
    said.textContent = "";
    for (const [name, value] of Object.entries(some)) model.set(name, value);
    model.save_changes();
    if ("group" in some || "guess" in some) layout();
    else update();
  }

  const snap = (d) => part().steps[Math.max(0, position(part().steps, d) - 1)] ?? state.threshold;
  function step(by) {
    const steps = part().steps, i = position(steps, state.threshold) - 1;
    const between = i < 0 || Math.fround(steps[i]) < Math.fround(state.threshold);
    const to = by < 0 && between ? i + by + 1 : i + by; // back from between two steps: to the one below
    const last = steps.length - 1; // -1 in a group without a match: there is nowhere to go
    change({ threshold: steps[Math.min(last, Math.max(0, to))] ?? state.threshold });
  }
  const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10,
    Home: -Infinity, End: Infinity };
  slider.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    event.stopPropagation();
    step(KEYS[event.key]);
  });
  slider.addEventListener("input", () => change({ threshold: snap(slider.valueAsNumber) }));
  const drag = (event) => event.buttons & 1 &&
    change({ threshold: snap(chart.distance(event.clientX - plot.getBoundingClientRect().left)) });
  plot.addEventListener("pointerdown", drag);
  plot.addEventListener("pointermove", drag);

  function layout() {
    drawn = plot.clientWidth;
    if (!drawn) return; // not shown yet, or hidden: drawn as soon as it has a width
    root.classList.toggle("asking", asking());
    chart = charts(tables, part(), Math.max(280, Math.floor(drawn)), id, asking());
    plot.replaceChildren(chart.svg);
    slider.min = chart.low;
    slider.max = chart.high;
    for (const radio of groups.querySelectorAll("input")) radio.checked = radio.value === state.group;
    guess.textContent = asking() ? "This is my guess" : "Set my guess here";
    const place = asking() ? prompt : controls;
    if (guess.parentNode !== place) place.append(guess); // not moved in vain: it would lose the focus
    keys.move(state.guess);
    verdict.textContent = state.guess === null ? "" : score(tables, state.guess, state.group);
    hint();
    update();
  }

  function update() {
    const view = look(tables, state.threshold, state.group), marks = asking() ? {} : { ...tables, guess: state.guess };
    chart.move(view, { calibrated: marks.calibrated, guess: marks.guess });
    matrix.move(view);
    digits.move(view);
    readout.textContent = fixed(state.threshold, 4);
    slider.value = state.threshold;
    slider.setAttribute("aria-valuetext", fixed(state.threshold, 4));
    words.textContent = asking()
      ? `Where is F1 highest? Move the cutpoint, ${fixed(state.threshold, 4)} now, and press the button.`
      : view.words;
  }

  for (const name of ["threshold", "group", "guess"])
    model.on(`change:${name}`, () => {
      if (model.get(name) === state[name]) return;
      state[name] = model.get(name) ?? null;
      layout();
    });
  el.append(root);
  showInputs();
  layout();
  const watch = new ResizeObserver(() => plot.clientWidth !== drawn && layout());
  watch.observe(plot);
  return () => {
    watch.disconnect();
    digits.forget();
  };
}

/** What the traits begin with on a static page, where no kernel sets them. */
export function staticValues(tables) {
  const steps = tables.groups.all.steps, asked = tables.guess === "ask";
  const threshold = asked ? steps[steps.length >> 1] : tables.calibrated;
  return { tables, threshold, group: "all", guess: asked ? null : tables.guess };
}

/** A model without a kernel: the traits are plain values. */
export function staticModel(values) {
  return { get: (name) => values[name], set: (name, value) => void (values[name] = value), save_changes() {}, on() {} };
}

export default { render };

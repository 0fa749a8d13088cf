// One point dragged around a circle. It looks up what `CirclePanel.tables` computed, and computes no loss.

const SIZE = 340, MIDDLE = SIZE / 2, RADIUS = 118, CHART = { width: 470, height: 260, left: 40, bottom: 46, top: 14 };

function make(space, tag, attributes = {}, ...children) {
  const node = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
const h = (tag, ...rest) => make(null, tag, ...rest);
const s = (tag, ...rest) => make("http://www.w3.org/2000/svg", tag, ...rest);
const color = (same) => `var(--${same ? "same" : "different"})`;
const at = (angle, radius) => [MIDDLE + radius * Math.cos(angle), MIDDLE - radius * Math.sin(angle)];

/** What is said about one place. */
export function words(tables, step) {
  const pairs = tables.pairs[step], [pull, push] = tables.terms[step], force = tables.forces[step][0] + tables.forces[step][1];
  const count = (same) => pairs.filter(([i]) => tables.same[i] === same).length;
  const all = (same) => tables.same.filter((own) => own === same).length;
  const way = Math.abs(force) < 0.005 ? "Nothing moves it." : `It is moved ${force > 0 ? "counter-clockwise" : "clockwise"}.`;
  return `The loss keeps ${count(true)} of ${all(true)} partners and ${count(false)} of ${all(false)} strangers: ` +
    `pull ${pull.toFixed(3)} + push ${push.toFixed(3)} = ${(pull + push).toFixed(3)}. ${way}`;
}

/** The circle: points, the kept pairs as lines, two arrows; `move` to another place. */
function drawCircle(tables) {
  const svg = s("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, width: "100%", role: "img", style: "max-width: 400px; cursor: grab; touch-action: none",
    "aria-label": "A circle with the points of a batch, and one that can be dragged" });
  svg.append(s("circle", { cx: MIDDLE, cy: MIDDLE, r: RADIUS, fill: "none", class: "grid" }));
  for (const [name, angle] of tables.names) {
    const [x, y] = at(angle, RADIUS + 44);
    svg.append(s("text", { x, y: y + 5, class: "middle", style: `font-weight: 600; fill: ${color(name === String(tables.label))}` }, name));
  }
  const lines = s("g"), arrows = s("g");
  const dots = tables.angles.map((angle, i) => {
    const [cx, cy] = at(angle, RADIUS * (0.8 + 0.025 * ((7 * i) % 9))); // points of one class lie close: not all on one spot
    return s("circle", { cx, cy, r: 4.5, stroke: color(tables.same[i]), "stroke-width": 1.5 });
  });
  const point = s("circle", { r: 9, fill: "var(--cut)", stroke: "var(--paper)", "stroke-width": 2 });
  svg.append(lines, ...dots, arrows, point);

  function move(step) {
    const angle = (2 * Math.PI * step) / tables.pairs.length, [x, y] = at(angle, RADIUS);
    const kept = new Map(tables.pairs[step]);
    point.setAttribute("cx", x);
    point.setAttribute("cy", y);
    dots.forEach((dot, i) => dot.setAttribute("fill", kept.has(i) ? color(tables.same[i]) : "var(--paper)"));
    lines.replaceChildren(...tables.pairs[step].map(([i, weight]) =>
      s("line", { x1: x, y1: y, x2: dots[i].getAttribute("cx"), y2: dots[i].getAttribute("cy"), stroke: color(tables.same[i]),
        "stroke-width": 0.6 + 5 * weight, opacity: 0.25 + 0.6 * weight })));
    arrows.replaceChildren(...tables.forces[step].flatMap((force, push) => {
      if (Math.abs(force) < 0.005) return [];
      const radius = RADIUS + 14 + 12 * push, end = angle + Math.sign(force) * Math.min(0.9, 0.15 + Math.abs(force));
      const path = Array.from({ length: 9 }, (_, k) => at(angle + ((end - angle) * k) / 8, radius).join(","));
      const tip = [at(end - Math.sign(force) * 0.07, radius - 5), at(end - Math.sign(force) * 0.07, radius + 5)];
      const style = { fill: "none", stroke: color(!push), "stroke-width": 3 };
      return [s("polyline", { points: path.join(" "), ...style }),
        s("polyline", { points: `${tip[0]} ${at(end, radius)} ${tip[1]}`, ...style })];
    }));
  }
  return { svg, move };
}

/** The loss against the angle; `move` shifts the mark. */
function drawLoss(tables) {
  const { width, height, left, bottom, top } = CHART, steps = tables.terms.length;
  const most = Math.max(...tables.terms.map(([pull, push]) => pull + push)), floor = height - bottom;
  const x = (step) => left + ((width - left - 8) * step) / steps, y = (loss) => floor - ((floor - top) * loss) / most;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role: "img", "aria-label": "The loss at every place of the point" });
  const curve = (name, style, value) => {
    const end = tables.terms.map((term, step) => `${x(step)},${y(value(term))}`).join(" ");
    svg.append(s("polyline", { points: end, fill: "none", style }, s("title", {}, name)));
  };
  svg.append(s("line", { x1: left, x2: width - 8, y1: floor, y2: floor, class: "axis" }));
  for (const loss of [0, most]) svg.append(s("text", { x: left - 6, y: y(loss) + 4, class: "tick end" }, loss.toFixed(1)));
  for (const degree of [0, 90, 180, 270]) svg.append(s("text", { x: x((degree * steps) / 360), y: height - 16, class: "tick middle" }, `${degree}°`));
  tables.angles.forEach((angle, i) => {
    const place = x((((angle / (2 * Math.PI)) % 1) + 1) % 1 * steps);
    svg.append(s("line", { x1: place, x2: place, y1: floor + 3, y2: floor + 12, stroke: color(tables.same[i]), "stroke-width": 1.5 }));
  });
  curve("pull", "stroke: var(--same); stroke-width: 2; stroke-dasharray: 7 4", ([pull]) => pull);
  curve("push", "stroke: var(--different); stroke-width: 2; stroke-dasharray: 2 3", ([, push]) => push);
  curve("loss", "stroke: var(--ink); stroke-width: 1.5", ([pull, push]) => pull + push);
  const mark = s("line", { y1: top, y2: floor, class: "at" });
  svg.append(mark, s("text", { x: left, y: height - 1, class: "tick" }, "dashed: pull of the partners · dotted: push · solid: the loss"));
  const move = (step) => ["x1", "x2"].forEach((end) => mark.setAttribute(end, x(step)));
  return { svg, move };
}

function render({ model, el }) {
  const tables = model.get("tables"), steps = tables.pairs.length, circle = drawCircle(tables), loss = drawLoss(tables);
  const said = h("p", { class: "words", "aria-live": "polite" });
  const slider = h("input", { type: "range", min: 0, max: steps - 1, step: 1, "aria-label": `place of the ${tables.label} on the circle` });
  const hint = h("label", {}, `Drag the large point, a ${tables.label}, or move it with the arrow keys. Filled: a pair that the loss keeps.`);
  const root = h("div", { class: "simlib-explorer simlib-circle", "data-lm-suppress-shortcuts": "true" }, said, hint, slider,
    h("div", { class: "figures", style: "grid-template-columns: repeat(auto-fit, minmax(min(100%, 280px), 1fr))" }, circle.svg, loss.svg));

  function move(step) {
    slider.value = step;
    slider.setAttribute("aria-valuetext", `${(360 * step) / steps} degrees`);
    circle.move(step);
    loss.move(step);
    said.textContent = words(tables, step);
  }

  slider.addEventListener("input", () => move(slider.valueAsNumber));
  const drag = (event) => {
    if (!(event.buttons & 1)) return;
    const box = circle.svg.getBoundingClientRect();
    const angle = Math.atan2(box.top + box.height / 2 - event.clientY, event.clientX - box.left - box.width / 2);
    move((Math.round((angle / (2 * Math.PI)) * steps) + steps) % steps);
  };
  circle.svg.addEventListener("pointerdown", drag);
  circle.svg.addEventListener("pointermove", drag);
  el.append(root);
  move(tables.start);
}

export default { render };

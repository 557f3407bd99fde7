// The controls of the chart.

/** Characters that look like Plotly's symbols. */
const MARKS = {
  circle: "●", square: "■", diamond: "◆", "diamond-tall": "♦", cross: "✚", x: "✖", pentagon: "⬟", hexagon: "⬢", star: "★",
  "triangle-up": "▲", "triangle-down": "▼", "triangle-left": "◀", "triangle-right": "▶",
};
const FOLDED_FROM = 21; // smallest number of checkboxes that are folded away

function fillControls(chart) {
  const groups = Object.entries(DIMENSIONS).map(([key, names]) => choiceGroup(chart, key, ...names));
  chart.controls.replaceChildren(...(chart.data.settings.length > 1 ? [settingGroup(chart)] : []), curvesGroup(chart), ...groups, axisGroup(chart), zoomGroup(chart));
}

function group(title, ...children) {
  return element("fieldset", {}, element("legend", { textContent: title }), ...children);
}

function settingGroup(chart) {
  const options = chart.data.settings.map(({ name }, value) => element("option", { value, textContent: name, selected: value === chart.setting }));
  const select = element("select", { ariaLabel: translate("Setting") }, ...options);
  select.style.maxWidth = "100%";
  select.addEventListener("change", () => {
    chart.setting = Number(select.value);
    chart.y = chart.data.settings[chart.setting].has_log_scale ? "log" : "linear";
    fillControls(chart);
    chart.controls.querySelector("select").focus();
    draw(chart).then(() => showRanges(chart));
  });
  return group(translate("Setting"), select);
}

function radiosOf(chart, key, choices) {
  return Object.entries(choices).map(([value, title]) => {
    const radio = element("input", { type: "radio", name: `chart-${key}`, value, checked: chart[key] === value });
    radio.addEventListener("change", () => {
      chart[key] = value;
      draw(chart).then(() => showRanges(chart));
    });
    return element("label", {}, radio, title);
  });
}

function curvesGroup(chart) {
  const choices = { means: translate("mean of seeds, at the best learning rate"), runs: translate("every run") };
  return group(translate("Curves"), ...radiosOf(chart, "curves", choices));
}

/** what: the title inside a sentence. */
function choiceGroup(chart, key, list, title, what) {
  const there = [...new Set(runsOfSetting(chart).map((run) => run[key]))].sort((a, b) => a - b);
  const off = chart.off[key];
  const boxes = there.map((place) => {
    const box = element("input", { type: "checkbox", checked: !off.has(place), name: key, value: place });
    box.addEventListener("change", () => {
      if (box.checked) off.delete(place);
      else off.add(place);
      draw(chart);
    });
    return box;
  });
  const labels = boxes.map((box, i) => element("label", {}, box, ...swatch(chart, key, there[i]), labelOf(chart, list, there[i])));
  const switchAll = (textContent, ariaLabel, checked) => {
    const button = element("button", { type: "button", textContent, ariaLabel });
    button.addEventListener("click", () => {
      boxes.forEach((box) => (box.checked = checked));
      there.forEach((place) => (checked ? off.delete(place) : off.add(place)));
      draw(chart);
    });
    return button;
  };
  const switches = () => [
    switchAll(translate("All"), translate("All: {what}", { what }), true),
    switchAll(translate("None"), translate("None: {what}", { what }), false),
  ];
  const all = there.length > 1 ? [element("span", { className: "all" }, ...switches())] : [];
  if (there.length < FOLDED_FROM) return group(title, ...labels, ...all);
  const choices = element("div", { className: "choices" }, ...labels);
  return group(title, ...all, element("details", {}, element("summary", { textContent: translate("Choose among {count}", { count: there.length }) }), choices));
}

function labelOf(chart, list, place) {
  const choice = chart.data[list][place];
  return choice.name ?? choice;
}

/** Return the legend beside a checkbox: the colour and marker of an optimizer, or the dashes of a learning rate. */
function swatch(chart, key, place) {
  if (key === "seed") return [];
  const { color = "#1b1f24", symbol } = key === "optimizer" ? chart.data.optimizers[place] : {};
  const { dash, width } = key === "lr" ? lookOfLr(place) : { dash: "solid", width: symbol ? 2 : 5 };
  const dashes = dash === "solid" ? "none" : dash.replaceAll("px", "");
  const line = svg("line", { x1: 0, x2: 30, y1: 6, y2: 6, stroke: color, "stroke-width": width, "stroke-dasharray": dashes });
  const marks = symbol ? [svg("text", { x: 15, y: 11, "text-anchor": "middle", "font-size": 14, fill: color }, MARKS[symbol])] : [];
  return [svg("svg", { class: "swatch", viewBox: "0 0 30 12", "aria-hidden": "true" }, line, ...marks)];
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function axisGroup(chart) {
  const types = (axis, names) => element("div", {}, ...radiosOf(chart, axis, names));
  const differ = chart.data.runs.some((run) => run.evaluations !== run.steps);
  const against = differ ? [element("div", {}, ...radiosOf(chart, "against", { steps: translate("against steps"), evaluations: translate("against evaluations") }))] : [];
  return group(translate("Axes"), ...against, types("x", axisNames("steps")), types("y", axisNames("loss")));
}

/** Return what the linear and the logarithmic axis of something are called. */
function axisNames(what) {
  if (what === "loss") return { linear: translate("loss linear"), log: translate("loss log") };
  if (what === "steps") return { linear: translate("steps linear"), log: translate("steps log") };
  return { linear: translate("evaluations linear"), log: translate("evaluations log") };
}

// The controls of the chart.

/** Characters that look like Plotly's symbols. */
const MARKS = {
  circle: "●", square: "■", diamond: "◆", "diamond-tall": "♦", cross: "✚", x: "✖", pentagon: "⬟", hexagon: "⬢", star: "★",
  "triangle-up": "▲", "triangle-down": "▼", "triangle-left": "◀", "triangle-right": "▶",
};
const FOLDED_FROM = 21; // smallest number of checkboxes that are folded away

function fillControls(chart) {
  const groups = Object.entries(DIMENSIONS).map(([key, [list, title]]) => choiceGroup(chart, key, list, title));
  chart.controls.replaceChildren(...(chart.data.settings.length > 1 ? [settingGroup(chart)] : []), ...groups, axisGroup(chart), zoomGroup(chart));
}

function group(title, ...children) {
  return element("fieldset", {}, element("legend", { textContent: title }), ...children);
}

function settingGroup(chart) {
  const options = chart.data.settings.map(({ name }, value) => element("option", { value, textContent: name, selected: value === chart.setting }));
  const select = element("select", { ariaLabel: "Setting" }, ...options);
  select.style.maxWidth = "100%";
  select.addEventListener("change", () => {
    chart.setting = Number(select.value);
    chart.y = chart.data.settings[chart.setting].has_log_scale ? "log" : "linear";
    fillControls(chart);
    chart.controls.querySelector("select").focus();
    draw(chart).then(() => showRanges(chart));
  });
  return group("Setting", select);
}

function choiceGroup(chart, key, list, title) {
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
  const switchAll = (textContent, checked) => {
    const button = element("button", { type: "button", textContent, ariaLabel: `${textContent}: ${title.toLowerCase()}` });
    button.addEventListener("click", () => {
      boxes.forEach((box) => (box.checked = checked));
      there.forEach((place) => (checked ? off.delete(place) : off.add(place)));
      draw(chart);
    });
    return button;
  };
  const all = there.length > 1 ? [element("span", { className: "all" }, switchAll("All", true), switchAll("None", false))] : [];
  if (there.length < FOLDED_FROM) return group(title, ...labels, ...all);
  const choices = element("div", { className: "choices" }, ...labels);
  return group(title, ...all, element("details", {}, element("summary", { textContent: `Choose among ${there.length}` }), choices));
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
  const radios = (axis, title) =>
    ["linear", "log"].map((type) => {
      const radio = element("input", { type: "radio", name: `axis-${axis}`, value: type, checked: chart[axis] === type });
      radio.addEventListener("change", () => {
        chart[axis] = type;
        draw(chart).then(() => showRanges(chart));
      });
      return element("label", {}, radio, `${title} ${type}`);
    });
  return group("Axes", element("div", {}, ...radios("x", "steps")), element("div", {}, ...radios("y", "loss")));
}

/** Return the fields in which readers without a mouse enter the limits of the axes. */
function zoomGroup(chart) {
  const ends = (axis, title) =>
    ["from", "to"].map((word, end) => {
      const input = element("input", { type: "number", step: "any", id: `${axis}-${word}`, ariaLabel: `${title} ${word}` });
      input.addEventListener("change", () => zoomTo(chart, axis, end, input.valueAsNumber));
      return element("label", {}, end ? word : `${title} ${word}`, input);
    });
  const reset = element("button", { type: "button", textContent: "Reset zoom", id: "reset-zoom" });
  reset.addEventListener("click", () => window.Plotly.relayout(chart.plot, { "xaxis.autorange": true, "yaxis.autorange": true }));
  return group("Zoom", element("div", { className: "ranges" }, ...ends("x", "steps"), ...ends("y", "loss")), reset);
}

function zoomTo(chart, axis, end, value) {
  const isLog = chart[axis] === "log";
  const refuse = (why) => {
    showRanges(chart);
    describe(chart, `The zoom has not changed: ${why}.`);
  };
  if (Number.isNaN(value)) return refuse("enter a number");
  if (isLog && value <= 0) return refuse("a logarithmic axis has only numbers above 0");
  const range = [...chart.plot.layout[`${axis}axis`].range];
  range[end] = isLog ? Math.log10(value) : value;
  if (range[0] >= range[1]) return refuse("“from” has to be below “to”");
  return window.Plotly.relayout(chart.plot, { [`${axis}axis.range`]: range });
}

function showRanges(chart) {
  for (const axis of ["x", "y"]) {
    const range = chart.plot.layout[`${axis}axis`].range ?? [];
    ["from", "to"].forEach((word, end) => {
      const value = chart[axis] === "log" ? 10 ** range[end] : range[end];
      document.getElementById(`${axis}-${word}`).value = Number(value.toPrecision(3));
    });
  }
}

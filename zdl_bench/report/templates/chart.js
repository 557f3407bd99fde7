const FLOOR = 1e-12; // share of a run's first loss; a logarithmic axis shows smaller losses at this floor
const DASHES = ["solid", "8px,3px", "2px,2px", "8px,3px,2px,3px", "14px,4px", "14px,4px,2px,4px", "4px,4px", "8px,3px,2px,3px,2px,3px"];
const DIMENSIONS = {
  optimizer: ["optimizers", translate("Optimizers"), translate("optimizers")],
  lr: ["lrs", translate("Learning rates"), translate("learning rates")],
  seed: ["seeds", translate("Seeds"), translate("seeds")],
};
const STATUSES = {
  completed: translate("completed"),
  diverged: translate("diverged"),
  failed: translate("failed"),
  timed_out: translate("timed_out"),
};

async function startChart() {
  const source = document.getElementById("chart-data");
  if (!source) return;
  const data = JSON.parse(await unpackedText(source));
  await loadUnpacked("plotly-js");
  const chart = {
    data,
    off: { optimizer: new Set(data.optimizers.keys()), lr: new Set(), seed: new Set() },
    setting: 0,
    curves: "means",
    only: null,
    against: "steps",
    x: "linear",
    y: data.settings[0].has_log_scale ? "log" : "linear",
    plot: document.getElementById("chart-plot"),
    controls: document.getElementById("chart-controls"),
  };
  data.first.forEach((place) => chart.off.optimizer.delete(place));
  chart.plot.hidden = false;
  chart.controls.hidden = false;
  fillControls(chart);
  await draw(chart);
  chart.plot.on("plotly_relayout", () => {
    showRanges(chart);
    describe(chart);
  });
  listenToKeys(chart);
  listenToRunLinks(chart);
  showRanges(chart);
}

function runsOfSetting(chart) {
  return chart.data.runs.filter((run) => run.setting === chart.setting);
}

function shownRuns(chart) {
  if (chart.only) return [chart.only];
  const runs = runsOfSetting(chart).filter((run) => Object.keys(DIMENSIONS).every((key) => !chart.off[key].has(run[key])));
  return chart.curves === "means" ? runs.filter((run) => run.is_best) : runs;
}

/** Return a trace per optimizer and learning rate, with gaps between its seeds, and a trace of the ends of diverged runs. */
function tracesOf(chart) {
  const means = chart.curves === "means" && !chart.only ? meansOf(chart) : { traces: [], others: shownRuns(chart), sizes: [] };
  chart.sizes = means.sizes;
  const traces = new Map();
  const ends = { x: [], y: [], text: [], marker: { color: [], symbol: "x", size: 8 }, mode: "markers", name: STATUSES.diverged };
  for (const run of means.others) {
    const key = `${run.optimizer} ${run.lr}`;
    if (!traces.has(key)) traces.set(key, lineOf(chart, run));
    const trace = traces.get(key);
    const points = pointsOf(chart, run);
    for (const name of ["x", "y", "text"]) trace[name].push(...points[name], null);
    const last = points.y.findLastIndex((loss) => loss !== null);
    if (run.status === "diverged" && last >= 0) {
      for (const name of ["x", "y", "text"]) ends[name].push(points[name][last]);
      ends.marker.color.push(trace.line.color);
    }
  }
  const lines = [...means.traces, ...traces.values()];
  return (ends.x.length ? [...lines, ends] : lines).map((trace) => ({ hoverinfo: "text", showlegend: false, ...trace }));
}

function lineOf(chart, run) {
  const { name, color, symbol } = chart.data.optimizers[run.optimizer];
  const look = { line: { color, ...lookOfLr(run.lr) }, mode: symbol ? "lines+markers" : "lines", marker: { color, symbol, size: 6 } };
  return { x: [], y: [], text: [], ...look, connectgaps: false, name: plain(`${name}, lr ${chart.data.lrs[run.lr]}`) };
}

function pointsOf(chart, run) {
  const { optimizers, lrs, seeds, settings } = chart.data;
  const about = translate("{name} · lr {lr} · seed {seed}", { name: optimizers[run.optimizer].name, lr: lrs[run.lr], seed: seeds[run.seed] });
  const end = translate("run {id}, {status}", { id: run.id, status: STATUSES[run.status] });
  const floor = chart.y === "log" && settings[run.setting].has_log_scale ? FLOOR * run.losses[0] : -Infinity;
  const x = placesOf(chart, run);
  return {
    x,
    y: run.losses.map((loss) => (loss === null ? null : Math.max(loss, floor))),
    text: run.losses.map((loss, i) => `${plain(about)}<br>${plain(end)}<br>${placeText(chart, x[i])}<br>${lossText(loss)}`),
  };
}

/** Return the places of a run's losses on the horizontal axis: steps, or evaluations of the gradient. */
function placesOf(chart, run) {
  return chart.data.steps[run[chart.against]].slice(0, run.losses.length);
}

function placeText(chart, place) {
  return chart.against === "steps" ? translate("step {number}", { number: place }) : translate("gradient evaluation {number}", { number: place });
}

function lossText(value) {
  return translate("loss {value}", { value });
}

/** Return the dashes and the width of the lines of a learning rate. If dashes repeat, the lines are thicker. */
function lookOfLr(place) {
  return { dash: DASHES[place % DASHES.length], width: 1.5 + 1.5 * Math.floor(place / DASHES.length) };
}

/** Escape text, because Plotly interprets some HTML. */
function plain(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function axisOf(type, title) {
  const look = { title: { text: title }, tickformat: "~g", gridcolor: "#e6e8eb", zeroline: false, automargin: true };
  return { ...look, type, nticks: type === "log" ? 5 : 0 }; // 0: as many ticks as fit, which are too many on a log axis
}

async function draw(chart) {
  const layout = {
    xaxis: { ...axisOf(chart.x, chart.against === "steps" ? translate("step") : translate("evaluations of the gradient")), rangemode: "nonnegative" },
    yaxis: { ...axisOf(chart.y, chart.data.settings[chart.setting].loss), ...cutOf(chart) },
    font: { family: "system-ui, sans-serif", size: 13, color: "#1b1f24" },
    margin: { l: 65, r: 25, t: 12, b: 50 },
    legend: { orientation: "h", y: -0.22, yanchor: "top", itemclick: false, itemdoubleclick: false }, // checkboxes switch
    showlegend: chart.curves === "means" && !chart.only,
    hovermode: "closest",
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom", // a finger scrolls the page
    uirevision: `${chart.setting} ${chart.x} ${chart.y} ${chart.against} ${chart.curves}`, // the zoom stays when curves are switched on or off
  };
  const dictionary = { "Double-click to zoom back out": translate("Double-click to zoom back out") };
  const locale = document.documentElement.lang;
  const config = { responsive: true, displayModeBar: false, locale, locales: { [locale]: { dictionary } } }; // the page has its own controls
  await window.Plotly.react(chart.plot, tracesOf(chart), layout, config);
  describe(chart);
}

/** Describe in words what the chart shows. remark: why the last input was refused, or empty. */
function describe(chart, remark = "") {
  const all = runsOfSetting(chart).length;
  const runs = shownRuns(chart);
  const diverged = runs.filter((run) => run.status === "diverged").length;
  const loss = chart.y === "log" ? translate("loss logarithmic") : translate("loss linear");
  const words = [...curvesText(chart, runs.length, all), translate("{steps}, {loss}", { steps: axisNames(chart.against)[chart.x], loss })];
  if (diverged) words.push(translate("× at the last probe of {count} that diverged", { count: diverged }));
  const off = new Set(runsOfSetting(chart).map((run) => run.optimizer).filter((place) => chart.off.optimizer.has(place))).size;
  if (off) words.push(off === 1 ? translate("1 optimizer is switched off") : translate("{count} optimizers are switched off", { count: off }));
  if (cutOf(chart).range) words.push(translate("losses above {factor} × the start are beyond the edge", { factor: CUT }));
  if (chart.x === "log") words.push(translate("step 0 has no place on a logarithmic axis"));
  const lost = chart.y === "log" && !chart.data.settings[chart.setting].has_log_scale;
  if (lost) words.push(translate("losses of 0 and below have no place on a logarithmic axis"));
  const list = words.join(translate("; "));
  const sentence = translate("{list}.", { list });
  document.getElementById("chart-summary").textContent = `${sentence}${remark && ` ${remark}`}`;
  chart.plot.tabIndex = 0;
  chart.plot.setAttribute("role", "img");
  chart.plot.setAttribute(
    "aria-label",
    translate("Loss against step, {list}. The tables and figures of this page show the same runs.", { list }),
  );
}

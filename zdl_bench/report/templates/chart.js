const FLOOR = 1e-12; // share of a run's first loss; a logarithmic axis shows smaller losses at this floor
const DASHES = ["solid", "8px,3px", "2px,2px", "8px,3px,2px,3px", "14px,4px", "14px,4px,2px,4px", "4px,4px", "8px,3px,2px,3px,2px,3px"];
const DIMENSIONS = { optimizer: ["optimizers", "Optimizers"], lr: ["lrs", "Learning rates"], seed: ["seeds", "Seeds"] };

async function startChart() {
  const source = document.getElementById("chart-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  await loadUnpacked("plotly-js");
  const chart = {
    data,
    off: { optimizer: new Set(), lr: new Set(), seed: new Set() },
    setting: 0,
    x: "linear",
    y: data.settings[0].has_log_scale ? "log" : "linear",
    plot: document.getElementById("chart-plot"),
    controls: document.getElementById("chart-controls"),
  };
  chart.plot.hidden = false;
  chart.controls.hidden = false;
  fillControls(chart);
  await draw(chart);
  chart.plot.on("plotly_relayout", () => {
    showRanges(chart);
    describe(chart);
  });
  showRanges(chart);
}

function runsOfSetting(chart) {
  return chart.data.runs.filter((run) => run.setting === chart.setting);
}

function shownRuns(chart) {
  return runsOfSetting(chart).filter((run) => Object.keys(DIMENSIONS).every((key) => !chart.off[key].has(run[key])));
}

/** Return a trace per optimizer and learning rate, with gaps between its seeds, and a trace of the ends of diverged runs. */
function tracesOf(chart) {
  const traces = new Map();
  const ends = { x: [], y: [], text: [], marker: { color: [], symbol: "x", size: 8 }, mode: "markers", name: "diverged" };
  for (const run of shownRuns(chart)) {
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
  const lines = [...traces.values()];
  return (ends.x.length ? [...lines, ends] : lines).map((trace) => ({ ...trace, hoverinfo: "text", showlegend: false }));
}

function lineOf(chart, run) {
  const { name, color, symbol } = chart.data.optimizers[run.optimizer];
  const look = { line: { color, ...lookOfLr(run.lr) }, mode: symbol ? "lines+markers" : "lines", marker: { color, symbol, size: 6 } };
  return { x: [], y: [], text: [], ...look, connectgaps: false, name: plain(`${name}, lr ${chart.data.lrs[run.lr]}`) };
}

function pointsOf(chart, run) {
  const { optimizers, lrs, seeds, steps, settings } = chart.data;
  const about = plain(`${optimizers[run.optimizer].name} · lr ${lrs[run.lr]} · seed ${seeds[run.seed]}`);
  const floor = chart.y === "log" && settings[run.setting].has_log_scale ? FLOOR * run.losses[0] : -Infinity;
  const x = steps[run.steps].slice(0, run.losses.length);
  return {
    x,
    y: run.losses.map((loss) => (loss === null ? null : Math.max(loss, floor))),
    text: run.losses.map((loss, i) => `${about}<br>run ${run.id}, ${plain(run.status)}<br>step ${x[i]}<br>loss ${loss}`),
  };
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
    xaxis: { ...axisOf(chart.x, "step"), rangemode: "nonnegative" },
    yaxis: axisOf(chart.y, chart.data.settings[chart.setting].loss),
    font: { family: "system-ui, sans-serif", size: 13, color: "#1b1f24" },
    margin: { l: 65, r: 25, t: 12, b: 50 },
    hovermode: "closest",
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom", // a finger scrolls the page
    uirevision: `${chart.setting} ${chart.x} ${chart.y}`, // the zoom stays when curves are switched on or off
  };
  const config = { responsive: true, displayModeBar: false }; // the page has its own controls, with names and labels
  await window.Plotly.react(chart.plot, tracesOf(chart), layout, config);
  describe(chart);
}

/** Describe in words what the chart shows. remark: why the last input was refused, or empty. */
function describe(chart, remark = "") {
  const all = runsOfSetting(chart).length;
  const runs = shownRuns(chart);
  const diverged = runs.filter((run) => run.status === "diverged").length;
  const words = [`${runs.length} of ${all} curves shown`, `steps ${chart.x}, loss ${chart.y === "log" ? "logarithmic" : "linear"}`];
  if (diverged) words.push(`× at the last probe of ${diverged} that diverged`);
  if (chart.x === "log") words.push("step 0 has no place on a logarithmic axis");
  const lost = chart.y === "log" && !chart.data.settings[chart.setting].has_log_scale;
  if (lost) words.push("losses of 0 and below have no place on a logarithmic axis");
  document.getElementById("chart-summary").textContent = `${words.join("; ")}.${remark && ` ${remark}`}`;
  chart.plot.setAttribute("role", "img");
  chart.plot.setAttribute(
    "aria-label",
    `Loss against step, ${words.join("; ")}. The tables and figures of this page show the same runs.`,
  );
}

// The part of the chart that is seen: cut at first, then chosen by dragging, by keys or by numbers.

const CUT = 1.5; // the loss axis ends at so many times the largest first loss
const MARGIN = 0.04; // room below the smallest loss, as a share of the axis
const KEYS_NOTE = translate("Drag to zoom; or select the chart with Tab: + and − zoom, arrows move, 0 shows all.");
const ZOOM_STEP = 0.8; // what a key leaves of an axis
const MOVE_STEP = 0.1; // by which share of an axis a key moves it
const MOVES = { ArrowLeft: ["x", -1], ArrowRight: ["x", 1], ArrowDown: ["y", -1], ArrowUp: ["y", 1] };

/** Return the range of the loss axis if some loss lies far above the start; otherwise nothing, and all losses are seen. */
function cutOf(chart) {
  const runs = runsOfSetting(chart);
  const losses = runs.flatMap((run) => run.losses.filter((loss) => loss !== null));
  const end = CUT * Math.max(...runs.map((run) => run.losses[0] ?? -Infinity));
  if (!(end > 0) || !losses.some((loss) => loss > end)) return {};
  const isLog = chart.y === "log";
  const seen = chart.curves === "means" ? runs.filter((run) => run.is_best) : runs;
  const places = seen.flatMap((run) => pointsOf(chart, run).y).filter((loss) => loss !== null && !(isLog && loss <= 0));
  const [low, high] = [places.reduce((least, loss) => Math.min(least, loss)), end].map((loss) => (isLog ? Math.log10(loss) : loss));
  return { range: [low - MARGIN * (high - low), high] };
}

function resetZoom(chart) {
  const { range } = cutOf(chart);
  return window.Plotly.relayout(chart.plot, { "xaxis.autorange": true, ...(range ? { "yaxis.range": range } : { "yaxis.autorange": true }) });
}

/** Zoom and move by keys while the chart has the focus. */
function listenToKeys(chart) {
  chart.plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isIn = event.key === "+" || event.key === "=";
    if (event.key === "0") resetZoom(chart);
    else if (isIn || event.key === "-") changeRanges(chart, ["x", "y"], (low, high) => scaled(low, high, isIn ? ZOOM_STEP : 1 / ZOOM_STEP));
    else if (MOVES[event.key]) {
      const [axis, sign] = MOVES[event.key];
      changeRanges(chart, [axis], (low, high) => [low, high].map((end) => end + sign * MOVE_STEP * (high - low)));
    } else return;
    event.preventDefault(); // the page does not scroll
  });
}

function scaled(low, high, factor) {
  const [middle, half] = [(low + high) / 2, (factor * (high - low)) / 2];
  return [middle - half, middle + half];
}

function changeRanges(chart, axes, change) {
  const ranges = axes.map((axis) => [`${axis}axis.range`, change(...chart.plot.layout[`${axis}axis`].range)]);
  return window.Plotly.relayout(chart.plot, Object.fromEntries(ranges));
}

/** Return the fields in which readers without a mouse enter the limits of the axes. */
function zoomGroup(chart) {
  const ends = (axis, names) =>
    ["from", "to"].map((word, end) => {
      const input = element("input", { type: "number", step: "any", id: `${axis}-${word}`, ariaLabel: names[end] });
      input.addEventListener("change", () => zoomTo(chart, axis, end, input.valueAsNumber));
      return element("label", {}, end ? translate("to") : names[0], input);
    });
  const reset = element("button", { type: "button", textContent: translate("Reset zoom"), id: "reset-zoom" });
  reset.addEventListener("click", () => resetZoom(chart));
  const fields = [...ends("x", [translate("steps from"), translate("steps to")]), ...ends("y", [translate("loss from"), translate("loss to")])];
  return group(translate("Zoom"), element("div", { className: "ranges" }, ...fields), reset, element("p", { className: "context", textContent: KEYS_NOTE }));
}

function zoomTo(chart, axis, end, value) {
  const isLog = chart[axis] === "log";
  const refuse = (why) => {
    showRanges(chart);
    describe(chart, translate("The zoom has not changed: {why}.", { why }));
  };
  if (Number.isNaN(value)) return refuse(translate("enter a number"));
  if (isLog && value <= 0) return refuse(translate("a logarithmic axis has only numbers above 0"));
  const range = [...chart.plot.layout[`${axis}axis`].range];
  range[end] = isLog ? Math.log10(value) : value;
  if (range[0] >= range[1]) return refuse(translate("“from” has to be below “to”"));
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

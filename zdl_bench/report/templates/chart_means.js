// The mean of the seeds of each optimizer in the chart, with its 95 % band (Student).

/** Return the traces of the means, how many runs each has, and the runs that none has: those that ended early, or that have other steps. */
function meansOf(chart) {
  const groups = Map.groupBy(shownRuns(chart), (run) => `${run.optimizer} ${run.lr}`);
  const traces = [];
  const others = [];
  const sizes = [];
  for (const runs of groups.values()) {
    const whole = runs.filter((run) => run.status === "completed" && run.losses.every((loss) => loss !== null));
    const members = whole.filter((run) => run.steps === whole[0].steps);
    others.push(...runs.filter((run) => !members.includes(run)));
    if (members.length) traces.push(...tracesOfMean(chart, members));
    sizes.push(members.length);
  }
  return { traces, others, sizes };
}

function tracesOfMean(chart, runs) {
  const { color } = chart.data.optimizers[runs[0].optimizer];
  const line = lineOf(chart, runs[0]);
  const x = placesOf(chart, runs[0]);
  const isLog = chart.data.settings[chart.setting].has_log_scale;
  const floor = FLOOR * runs[0].losses[0];
  const to = isLog ? (loss) => Math.log(Math.max(loss, floor)) : (loss) => loss;
  const back = isLog ? Math.exp : (value) => value;
  const intervals = x.map((_, i) => intervalOf(runs.map((run) => to(run.losses[i])), chart.data.students).map(back));
  const y = intervals.map(([mean]) => mean);
  const about = meanText(isLog, runs.length);
  const text = intervals.map(([mean, low, high], i) => {
    const band = runs.length > 1 ? ` [${short(low)}, ${short(high)}]` : "";
    return `${line.name}<br>${about}<br>${placeText(chart, x[i])}<br>${lossText(short(mean))}${band}`;
  });
  const look = { line: { ...line.line, dash: "solid", width: 2.5 }, marker: { ...line.marker, maxdisplayed: 10 }, showlegend: true };
  const mean = { ...line, ...look, x, y, text };
  if (runs.length < 2) return [mean];
  const edge = [...intervals.map(([, , high]) => high), ...intervals.map(([, low]) => low).reverse()];
  const fill = { fill: "toself", fillcolor: color, line: { width: 0, color }, opacity: 0.16, hoverinfo: "skip", mode: "lines" };
  return [{ ...fill, x: [...x, ...x.toReversed()], y: edge, name: translate("{name}, 95 % band", { name: line.name }) }, mean];
}

/** Say how many curves are shown, and how: as means, or by themselves. */
function curvesText(chart, count, all) {
  const inMeans = chart.sizes.reduce((sum, size) => sum + size, 0);
  if (!inMeans) return [translate("{count} of {all} curves shown", { count, all })];
  if (Math.max(...chart.sizes) < 2) return [translate("{count} of {all} curves, each optimizer at its best learning rate", { count, all })];
  const means = translate("{count} of {all} curves as means with 95 % bands, each optimizer at its best learning rate", { count: inMeans, all });
  return inMeans < count ? [means, translate("{count} more by themselves", { count: count - inMeans })] : [means];
}

function meanText(isLog, count) {
  if (count === 1) return isLog ? translate("geometric mean of 1 seed") : translate("mean of 1 seed");
  return isLog ? translate("geometric mean of {count} seeds", { count }) : translate("mean of {count} seeds", { count });
}

/** Return the mean of values, and the ends of its interval. students: see Chart. */
function intervalOf(values, students) {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return [mean, mean, mean];
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  const half = students[n] * Math.sqrt(variance / n);
  return [mean, mean - half, mean + half];
}

function short(value) {
  return Number(value.toPrecision(4));
}

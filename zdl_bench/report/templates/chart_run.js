// The curve and the config of one run, to which its link in a table leads. Without this script the link is that of its file.

const RUN_FILE = /([0-9a-f]{16})\.parquet$/;

function listenToRunLinks(chart) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const id = link?.closest("table") && RUN_FILE.exec(link.getAttribute("href"))?.[1];
    const run = chart.data.runs.find((one) => one.id === id);
    if (!run || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    showRun(chart, run, link);
  });
}

/** Show only this run in the chart, with its config below. link: from which the reader came, and to which the button leads back. */
async function showRun(chart, run, link) {
  chart.only = run;
  chart.setting = run.setting;
  chart.controls.hidden = true;
  const { optimizers, lrs, seeds, configs } = chart.data;
  const about = translate("Run {id}: {name}, lr {lr}, seed {seed}, {status}", {
    id: run.id,
    name: optimizers[run.optimizer].name,
    lr: lrs[run.lr],
    seed: seeds[run.seed],
    status: STATUSES[run.status],
  });
  const back = element("button", { type: "button", textContent: translate("Back to all curves") });
  back.addEventListener("click", () => {
    chart.only = null;
    chart.controls.hidden = false;
    details.replaceChildren();
    fillControls(chart);
    draw(chart).then(() => showRanges(chart));
    link.focus();
  });
  const words = [`lr=${lrs[run.lr]}`, `seed=${seeds[run.seed]}`, ...configs[run.config]];
  const file = element("a", { href: link.getAttribute("href"), textContent: translate("The file of this run") });
  const details = document.getElementById("chart-run");
  details.replaceChildren(element("h3", { textContent: about }), back, element("pre", { textContent: words.join("\n") }), file);
  await draw(chart);
  document.getElementById("chart").scrollIntoView();
  back.focus({ preventScroll: true });
}

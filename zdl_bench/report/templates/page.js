/** Add a button that copies the command. */
function startCopying() {
  const command = document.getElementById("command");
  const said = element("span", { role: "status" });
  const button = element("button", { type: "button", textContent: "Copy the command" });
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(command);
    try {
      await navigator.clipboard.writeText(command.textContent);
      said.textContent = "copied";
    } catch {
      said.textContent = "selected: copy it with Ctrl+C or ⌘C"; // a browser may forbid the clipboard
    }
  });
  command.after(button, said);
}

/** Mark boxes whose content is wider than the box. Figures in such boxes can be scrolled by arrow keys, as tables always can. */
function markWide() {
  for (const box of document.querySelectorAll(".scroll")) {
    const isWide = box.scrollWidth > box.clientWidth;
    box.classList.toggle("is-wide", isWide);
    if (!box.closest("figure")) continue;
    if (isWide) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

/** Start all parts of the page. If a part fails, its place says so, and the rest of the page still works. */
async function startAll() {
  startCopying();
  markWide();
  addEventListener("resize", markWide);
  for (const [start, where] of [[startTables, "section:not(#chart) .needs-script"], [startChart, "#chart .needs-script"]]) {
    const notes = [...document.querySelectorAll(where)];
    try {
      await start();
      notes.forEach((note) => note.remove());
    } catch (error) {
      notes.forEach((note) => note.append(` (This browser: ${error.message})`));
      if (!notes.length) console.warn(error);
    }
  }
  markWide(); // again, since tables have filters now
}

startAll();

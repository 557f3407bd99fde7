/** The command's copy button. */
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

/** A figure that is wider than the screen is scrolled by the arrow keys too. */
function startScrolling() {
  const mark = () => {
    for (const box of document.querySelectorAll("figure .scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  mark();
  addEventListener("resize", mark);
}

/** What fails is said where it is missing; the page is whole without. */
async function startAll() {
  startCopying();
  startScrolling();
  for (const [start, where] of [[startTables, "#runs .needs-script"], [startChart, "#chart .needs-script"]]) {
    const note = document.querySelector(where);
    try {
      await start();
      note?.remove();
    } catch (error) {
      if (note) note.textContent += ` (This browser: ${error.message})`;
      else console.warn(error);
    }
  }
}

startAll();

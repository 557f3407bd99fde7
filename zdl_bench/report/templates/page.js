/** Add a button to each command that copies it. */
function startCopying() {
  for (const box of document.querySelectorAll(".command")) {
    const command = box.querySelector("pre");
    const said = element("span", { role: "status" });
    const button = element("button", { type: "button", textContent: translate("Copy") });
    button.setAttribute("aria-label", translate("Copy: {what}", { what: command.getAttribute("aria-label") }));
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(command);
      try {
        await navigator.clipboard.writeText(command.textContent);
        said.textContent = translate("copied");
      } catch {
        said.textContent = translate("selected: copy it with Ctrl+C or ⌘C"); // a browser may forbid the clipboard
      }
    });
    command.after(button, said);
  }
}

/** Open the section to which the address leads, and everything around its target. */
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const inside = target.matches("section") ? target.querySelector("details.chapter") : null;
  for (let part = inside ?? target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  target.scrollIntoView();
}

/** Open all sections while the page is printed. */
function openOnPaper() {
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open], .about)")];
    closed.forEach((part) => (part.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((part) => (part.open = false)));
}

/** Return a promise of the moment at which a section is open, which is now if it is no section that opens. */
function opened(section) {
  const details = section?.querySelector("details.chapter");
  if (!details || details.open) return Promise.resolve();
  return new Promise((resolve) => details.addEventListener("toggle", resolve, { once: true }));
}

/** Mark boxes whose content is wider than the box. Figures in such boxes can be scrolled by arrow keys, as tables always can. */
function markWide() {
  for (const box of document.querySelectorAll(".scroll")) {
    const isWide = box.scrollWidth > box.clientWidth;
    box.classList.toggle("is-wide", isWide);
    box.dataset.sideways = translate("scroll sideways →");
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
  addEventListener("toggle", markWide, true); // what is closed has no width
  addEventListener("hashchange", openTarget);
  const links = document.querySelectorAll("a[href^='#']"); // one that is followed twice changes no address
  links.forEach((link) => link.addEventListener("click", () => setTimeout(openTarget)));
  openOnPaper();
  openTarget();
  for (const [start, where] of [[startTables, "section:not(#chart) .needs-script"], [startChart, "#chart .needs-script"]]) {
    const notes = [...document.querySelectorAll(where)];
    try {
      if (start === startChart) await opened(document.getElementById("chart")); // it needs its width
      await start();
      notes.forEach((note) => note.remove());
    } catch (error) {
      notes.forEach((note) => note.append(" ", translate("(This browser: {message})", { message: error.message })));
      if (!notes.length) console.warn(error);
    }
  }
  markWide(); // again, since tables have filters now
}

startAll();

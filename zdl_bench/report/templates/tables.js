const PAGED_FROM = 200; // smallest number of rows of a table with several pages
const FILTERED_FROM = 5;
const TABLE_WORDS = {
  search: translate("Filter"),
  lengthMenu: translate("Rows per page _MENU_"),
  info: translate("Rows _START_ to _END_ of _TOTAL_"),
  infoEmpty: translate("No rows"),
  infoFiltered: translate("(of _MAX_ before the filter)"),
  emptyTable: translate("No rows"),
  zeroRecords: translate("No row has this text"),
  aria: {
    orderable: translate(": Activate to sort"),
    orderableReverse: translate(": Activate to invert sorting"),
    orderableRemove: translate(": Activate to remove sorting"),
    paginate: { first: translate("First"), last: translate("Last"), next: translate("Next"), previous: translate("Previous") },
  },
};

async function startTables() {
  const style = element("style", { textContent: await unpacked("datatables-css") });
  document.head.prepend(style); // the page's own style comes last and takes precedence
  const { default: DataTable } = await importUnpacked("datatables-js");
  addOrders(DataTable);
  const tables = [];
  for (const table of document.querySelectorAll("table.sortable")) {
    tables.push(startTable(DataTable, table, await rowsOf(table)));
  }
  showWholeTablesOnPaper(tables);
}

/** Define how numbers and words are sorted. Missing values come last in both directions. */
function addOrders(DataTable) {
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const compare = { numbers: (a, b) => a - b, words: (a, b) => collator.compare(a, b) };
  for (const [type, ascending] of Object.entries(compare)) {
    for (const [direction, sign] of [["asc", 1], ["desc", -1]]) {
      DataTable.ext.type.order[`${type}-${direction}`] = (a, b) =>
        isMissing(a) || isMissing(b) ? isMissing(a) - isMissing(b) : sign * ascending(a, b);
    }
  }
}

function isMissing(value) {
  return value === "" || value === null || value === undefined;
}

/** Return the rows of a table from its compressed data, or null if the rows are in the HTML. */
async function rowsOf(table) {
  if (!table.classList.contains("from-data")) return null;
  return JSON.parse(await unpackedText(table.closest(".scroll").querySelector("script.rows")));
}

function startTable(DataTable, table, data) {
  const box = table.closest(".scroll");
  const name = table.caption.textContent;
  const count = data ? data.length : table.tBodies[0].rows.length;
  const isLong = count >= PAGED_FROM;
  const options = {
    autoWidth: false,
    order: [],
    orderMulti: true,
    paging: isLong,
    pageLength: 100,
    lengthMenu: [100, 500, 1000, { label: translate("all"), value: -1 }],
    searching: count >= FILTERED_FROM,
    info: isLong,
    layout: {
      topStart: count >= FILTERED_FROM ? "search" : null,
      topEnd: isLong ? "pageLength" : null,
      bottomStart: isLong ? "info" : null,
      bottomEnd: isLong ? "paging" : null,
    },
    language: TABLE_WORDS,
  };
  if (data) Object.assign(options, { data, deferRender: true, columnDefs: cellsOfData(table) });
  const started = new DataTable(table, options);
  scrollOnlyTheTable(box, table);
  box.querySelector("input[type=search]")?.setAttribute("aria-label", translate("Filter the table: {name}", { name }));
  return started;
}

/** Return the definitions of the columns of a table whose cells are [text, order, href]. */
function cellsOfData(table) {
  return [...table.tHead.rows[0].cells].map((header, target) => ({
    targets: target,
    className: header.className,
    data: target,
    render: ([text, order, href], use) => {
      if (use === "sort" || use === "type") return order;
      if (use === "display" && href) return element("a", { href, textContent: text });
      return use === "display" ? document.createTextNode(text) : text;
    },
  }));
}

/** Keep the filter and the page numbers in place when a wide table is scrolled. */
function scrollOnlyTheTable(box, table) {
  const inner = table.parentElement;
  inner.classList.add("scroll");
  for (const name of ["role", "aria-label", "tabindex"]) {
    inner.setAttribute(name, box.getAttribute(name));
    box.removeAttribute(name);
  }
  box.classList.remove("scroll", "is-wide");
}

function showWholeTablesOnPaper(tables) {
  const cut = tables.filter((table) => table.page.info().pages > 1 && !table.table().node().matches(".from-data"));
  const lengths = cut.map((table) => table.page.len());
  const show = (isPaper) => cut.forEach((table, i) => table.page.len(isPaper ? -1 : lengths[i]).draw(false));
  addEventListener("beforeprint", () => show(true)); // before the browser counts the printed pages
  addEventListener("afterprint", () => show(false));
  matchMedia("print").addEventListener("change", (event) => show(event.matches)); // for a print preview without printing
}

// The scripts of this folder are joined into one <script type="module">, so they share one namespace.

const WORDS = JSON.parse(document.getElementById("words").textContent);

/** Return a text in the language of the page, with the values in its places, such as {name}. */
function translate(text, values = {}) {
  return (WORDS[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Return the text of a library that is embedded in the page. No network is needed. */
function unpacked(id) {
  return unpackedText(document.getElementById(id));
}

/** Return the decompressed text of an element. */
async function unpackedText(source) {
  const bytes = Uint8Array.from(atob(source.textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

async function blobUrl(id) {
  return URL.createObjectURL(new Blob([await unpacked(id)], { type: "text/javascript" }));
}

async function importUnpacked(id) {
  const url = await blobUrl(id);
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Load a library that is not a module and adds its name to window. */
async function loadUnpacked(id) {
  const script = document.createElement("script");
  script.src = await blobUrl(id);
  try {
    await new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(new Error(translate("{id} does not load", { id })));
      document.head.append(script);
    });
  } finally {
    URL.revokeObjectURL(script.src);
  }
}

/** Return an element with these properties and children. Text is never parsed as HTML. */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

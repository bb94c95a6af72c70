// Parses each file with mermaid, as a page or a renderer of Markdown would:
// node parse.mjs DIRECTORY FILE…, with node_modules in DIRECTORY. For each it
// prints a line of JSON: the messages of the diagram, as mermaid read them.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [directory, ...files] = process.argv.slice(2);
const { JSDOM } = createRequire(join(directory, 'x.js'))('jsdom');
const { window } = new JSDOM('<!DOCTYPE html><body></body>');
globalThis.window = window;
globalThis.document = window.document;

const { default: mermaid } = await import(pathToFileURL(join(directory, 'node_modules/mermaid/dist/mermaid.core.mjs')));
mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const { diagramType } = await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const messages = db.getMessages().map((m) => ({ from: m.from ?? '', to: m.to ?? '', text: typeof m.message === 'string' ? m.message : '' }));
  console.log(JSON.stringify({ file, diagramType, actors: [...db.getActors().keys()], messages }));
}

// node engines.mjs NAME DOCUMENTS.jsonl QUERIES.jsonl RUNS: runs one engine that is a package of npm. Having written its
// answers, it stays until its input ends, so that its memory can be looked at.
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopwords } from "@orama/stopwords/english";

const RESULTS = 10;
// What took so long, in microseconds, is not done again.
const LONG = 100_000;
const FIELDS = ["name", "description", "tags"];
const BOOST = { name: 2 };

const jsonBytes = (value) => Buffer.byteLength(JSON.stringify(value));

const words = (query) => query.toLowerCase().match(/[\p{L}\p{N}'+#]+/gu) ?? [];
const whole = ({ name, description, tags }) => `${name} ${name} ${description} ${tags}`;
const parted = (text) => text.replace(/[-_]/g, " ");

async function minisearch(documents, options) {
  const { default: MiniSearch } = await import("minisearch");
  const index = new MiniSearch(options);
  index.addAll(documents);
  const answer = (query) => index.search(query).slice(0, RESULTS).map((one) => one.id);
  return { answer, bytes: () => jsonBytes(index) };
}

// The names' hyphens are letters to its tokenizer: `prepare` may part them.
async function orama(documents, tokenizer, boost, prepare) {
  const { create, insert, save, search } = await import("@orama/orama");
  const schema = { id: "string", name: "string", description: "string", tags: "string" };
  const index = create({ schema, components: { tokenizer } });
  for (const { id, name, description, tags } of documents) {
    await insert(index, { id, name: prepare(name), description: prepare(description), tags });
  }
  const ask = (term) => search(index, { term, properties: FIELDS, boost, limit: RESULTS });
  const answer = async (query) => (await ask(prepare(query))).hits.map((hit) => hit.id);
  return { answer, bytes: () => jsonBytes(save(index)) };
}

function exportedBytes(index) {
  let sum = 0;
  index.export((key, data) => void (sum += key.length + (data?.length ?? 0)));
  return sum;
}

// `suggest` lets answers lack words of the query: without it hardly a sentence has any.
async function flexsearch(documents) {
  const { Document } = await import("flexsearch");
  const index = new Document({ document: { id: "id", index: FIELDS }, tokenize: "forward" });
  for (const document of documents) index.add(document);
  const ask = { limit: RESULTS, suggest: true, merge: true };
  return { answer: (query) => index.search(query, ask).map((one) => one.id), bytes: () => exportedBytes(index) };
}

// One text for each document ranks better than its fields, which are merged one after the other.
async function flexsearchTuned(documents) {
  const { Charset, Encoder, Index } = await import("flexsearch");
  const { default: english } = await import("flexsearch/lang/en");
  const encoder = new Encoder(Charset.Normalize, english);
  const index = new Index({ tokenize: "strict", resolution: 20, encoder });
  documents.forEach((one, at) => index.add(at, whole(one)));
  const ask = { limit: RESULTS, suggest: true };
  const answer = (query) => index.search(query, ask).map((at) => documents[at].id);
  return { answer, bytes: () => exportedBytes(index) };
}

const escaped = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
const page = ({ name, description, tags }) =>
  `<html lang="en"><body><h1>${escaped(name)}</h1><p>${escaped(description)}</p><p>${escaped(tags)}</p></body></html>`;

// Pages of a site, asked through the client of browsers, whose requests are answered from memory.
async function pagefindClient(documents) {
  const { close, createIndex } = await import("pagefind");
  const { index } = await createIndex();
  for (const document of documents) await index.addHTMLFile({ url: `/${document.id}/`, content: page(document) });
  const folder = mkdtempSync(join(tmpdir(), "pagefind-"));
  await index.writeFiles({ outputPath: folder });
  const { files } = await index.getFiles();
  await close();
  const contents = new Map(files.map((file) => [file.path, file.content]));
  const location = new URL("http://localhost/");
  const element = { getAttribute: () => "en" };
  Object.assign(globalThis, { window: globalThis, location, document: { querySelector: () => element } });
  globalThis.fetch = async (url) => new Response(contents.get(new URL(url, location).pathname.replace("/pagefind/", "")));
  const module = join(folder, "pagefind.mjs");
  renameSync(join(folder, "pagefind.js"), module);
  const { createInstance } = await import(module);
  rmSync(folder, { recursive: true });
  const client = await createInstance({ basePath: "/pagefind/", baseUrl: "/" });
  const kept = files.filter((file) => /^(index|fragment|filter)\/|\.pf_meta$/.test(file.path));
  return { client, bytes: () => kept.reduce((sum, file) => sum + file.content.length, 0) };
}

async function slugs(results) {
  const found = await Promise.all(results.slice(0, RESULTS).map((one) => one.data()));
  return found.map((one) => one.url.slice(1, -1));
}

// An answer has every word of the query.
async function pagefind(documents) {
  const { client, bytes } = await pagefindClient(documents);
  return { answer: async (query) => slugs((await client.search(query)).results), bytes };
}

// A search for each word, whose scores are summed.
async function pagefindTuned(documents, stop) {
  const { client, bytes } = await pagefindClient(documents);
  const answer = async (query) => {
    const sums = new Map();
    for (const word of new Set(words(query).filter((one) => !stop.has(one)))) {
      for (const one of (await client.search(word)).results) {
        sums.set(one.id, { data: one.data, score: one.score + (sums.get(one.id)?.score ?? 0) });
      }
    }
    return slugs([...sums.values()].sort((a, b) => b.score - a.score));
  };
  return { answer, bytes };
}

// Each with the settings that its documentation begins with, and with the best for such queries that were found.
const ENGINES = {
  minisearch: (documents) => minisearch(documents, { fields: FIELDS, searchOptions: { boost: BOOST } }),
  "minisearch-tuned": (documents, stop) =>
    minisearch(documents, {
      fields: ["all"],
      extractField: (document, field) => (field === "all" ? whole(document) : document[field]),
      processTerm: (term) => (stop.has(term.toLowerCase()) ? null : term.toLowerCase()),
      searchOptions: {
        prefix: (term) => term.length > 3,
        fuzzy: (term) => (term.length > 4 ? 0.2 : false),
      },
    }),
  orama: (documents) => orama(documents, { language: "english" }, BOOST, (text) => text),
  "orama-tuned": (documents, stop) => orama(documents, { language: "english", stopWords: [...stop] }, {}, parted),
  flexsearch,
  "flexsearch-tuned": flexsearchTuned,
  pagefind,
  "pagefind-tuned": pagefindTuned,
};

async function ask(answer, query, runs) {
  let quickest = { ids: [], us: Infinity };
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    const ids = await answer(query);
    const us = (performance.now() - started) * 1000;
    quickest = { ids, us: Math.min(us, quickest.us) };
    if (us > LONG) break;
  }
  return quickest;
}

const lines = (path) => readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line));

const [, , name, documentsPath, queriesPath, runs] = process.argv;
const documents = lines(documentsPath).map((one) => ({ ...one, tags: (one.tags ?? []).join(" ") }));
const started = performance.now();
const { answer, bytes } = await ENGINES[name](documents, new Set(stopwords));
const buildMs = performance.now() - started;
const answers = [];
for (const { query } of lines(queriesPath)) answers.push(await ask(answer, query, Number(runs)));
const outcome = JSON.stringify({ build_ms: buildMs, bytes: bytes(), answers });
process.stdout.write(`${outcome}\n`, () => process.stdin.resume().on("end", () => process.exit()));

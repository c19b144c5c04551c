// Answers requests by the engine of a static site in Chromium.
//
//   node e2e/browser/answers.mjs SITE REQUESTS
//
// REQUESTS holds a JSON request per line; prints the answers, a line each.
import { readFile } from 'node:fs/promises';

import { withPage } from './browser.mjs';

const [site, requests] = process.argv.slice(2);
const lines = (await readFile(requests, 'utf8')).trim().split('\n');

const answers = await withPage(site, async (page) => {
  await page.goto('/search/');
  return page.evaluate(async (requests) => {
    const { engine: setup } = JSON.parse(document.querySelector('[data-search]').dataset.search);
    const bytes = async (url) => {
      const plain = (await fetch(url)).body.pipeThrough(new DecompressionStream('gzip'));
      return new Uint8Array(await new Response(plain).arrayBuffer());
    };
    const module = await import(setup.script);
    await module.default({ module_or_path: await bytes(setup.wasm) });
    const engine = new module.Engine();
    for (const shard of setup.shards) engine.add_shard(await bytes(shard));
    engine.set_table(await bytes(setup.table));
    return requests.map((request) => engine.answer(request));
  }, lines);
});
console.log(answers.join('\n'));

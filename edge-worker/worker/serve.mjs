// Serves the bundled Worker on loopback, for tests and trials, in Miniflare: workerd with R2 and Durable Objects.
//
//   node edge-worker/worker/serve.mjs --bundle DIR --catalog DIST --config EDGE_CONFIG.json [--port 0] [--persist DIR]
//
// Prints `listening on http://127.0.0.1:PORT`, then obeys lines on stdin:
//   publish   uploads what is new in DIST, the head last; prints `published`
//   log       prints every usage record as a JSON line, then `end`
//   object KEY [TEXT]        puts TEXT in the place of an object, or deletes it; prints `done`
//   mend KEY                 uploads an object of DIST anew; prints `done`
//   deaf                     has the log throw at every record from now on; prints `done`
//   scheduled                runs what the cron trigger runs; prints `done`
//   ask N METHOD PATH BODY   asks the Nth object of the log; prints its status and its answer in one line
// Ends, leaving no process behind, when stdin closes or on SIGTERM or SIGINT.
import { join } from 'node:path';

import { Miniflare } from 'miniflare';

import { miniflareOptions, obey, publish, readArguments, readConfig, setting, upload } from './local.mjs';

/** As many as the Worker spreads its log over. */
const LOG_OBJECTS = 16;
/** The same Worker with a log that throws at every record. */
const DEAF = `import { DurableObject } from 'cloudflare:workers';
export { default } from './worker.mjs';
export class UsageLog extends DurableObject {
  fetch(request) {
    if (request.method === 'POST') throw new Error('this log takes nothing');
    return Response.json(null);
  }
}`;

const { bundle, catalog, config, port, persist } = readArguments('edge-worker/worker/serve.mjs');
const shared = await miniflareOptions();
const secret = await readConfig(config);
// As wrangler names it, so that both find the same log in the same folder.
const name = await setting('name');
/** The Worker, behind an entry of another's making where one is given. */
const options = (entry = []) => ({
  ...shared,
  port,
  name,
  modulesRoot: bundle,
  modules: [
    ...entry,
    { type: 'ESModule', path: join(bundle, 'worker.mjs') },
    { type: 'CompiledWasm', path: join(bundle, 'index_bg.wasm') },
  ],
  bindings: { GUILDHALL_EDGE: secret },
  durableObjects: {
    USAGE_LOG: { className: 'UsageLog', useSQLite: true },
    CLAIMS: { className: 'Claims', useSQLite: true },
  },
  ...(persist && {
    r2Persist: join(persist, 'v3', 'r2'),
    durableObjectsPersist: join(persist, 'v3', 'do'),
  }),
});
const miniflare = new Miniflare(options());
const finish = obey(
  {
    publish: async () => {
      await publish(miniflare, catalog);
      console.log('published');
    },
    object: async (key, ...text) => {
      const bucket = await miniflare.getR2Bucket('CATALOG');
      await (text.length > 0 ? bucket.put(key, text.join(' ')) : bucket.delete(key));
      console.log('done');
    },
    mend: async (key) => {
      await upload(await miniflare.getR2Bucket('CATALOG'), catalog, key);
      console.log('done');
    },
    deaf: async () => {
      await miniflare.setOptions(options([{ type: 'ESModule', path: join(bundle, 'deaf.mjs'), contents: DEAF }]));
      console.log('done');
    },
    scheduled: async () => {
      const { outcome } = await (await miniflare.getWorker()).scheduled();
      if (outcome !== 'ok') throw new Error(`what the cron trigger runs ended with \`${outcome}\``);
      console.log('done');
    },
    ask: async (number, method, path, ...body) => {
      const answer = await ofLog(number, path, { method, ...(body.length > 0 && { body: body.join(' ') }) });
      console.log(`${answer.status} ${(await answer.text()).trimEnd()}`);
    },
    log: async () => {
      for (const line of await records()) console.log(line);
      console.log('end');
    },
  },
  () => miniflare.dispose(),
);

try {
  const address = await miniflare.ready;
  await publish(miniflare, catalog);
  console.log(`listening on ${address.origin}`);
} catch (error) {
  console.error(error);
  finish(1);
}

async function ofLog(number, path, init) {
  const log = await miniflare.getDurableObjectNamespace('USAGE_LOG');
  return log.get(log.idFromName(`log-${number}`)).fetch(`http://usage-log/${path}`, init);
}

async function records() {
  const ofObject = async (_, number) => {
    const answer = await ofLog(number, 'records');
    if (!answer.ok) throw new Error(`log-${number} answered ${answer.status}`);
    return (await answer.text()).split('\n').filter((line) => line !== '');
  };
  const lines = (await Promise.all(Array.from({ length: LOG_OBJECTS }, ofObject))).flat();
  return lines.sort((a, b) => JSON.parse(a).ts - JSON.parse(b).ts);
}

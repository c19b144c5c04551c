// Serves the bundled Worker on loopback under `wrangler dev --local`, for a person.
//
//   node edge-worker/worker/dev.mjs --bundle DIR --catalog DIST --config EDGE_CONFIG.json [--port 0] [--persist DIR]
//
// Puts the catalog where wrangler keeps its local bucket, starts wrangler, forwards what it prints, and prints
// `listening on http://127.0.0.1:PORT`. Obeys `publish` on stdin as serve.mjs does. Ends, leaving no process behind,
// when stdin closes or on SIGTERM or SIGINT.
import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { bucketOnly, obey, publish, readArguments, readConfig, removeFolder } from './local.mjs';

const QUIET = { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_HIDE_BANNER: 'true' };
/** How long wrangler has to end by itself. */
const GRACE_MS = 3000;

const { bundle, catalog, config, port, persist } = readArguments('edge-worker/worker/dev.mjs');
const temporary = await mkdtemp(join(tmpdir(), 'guildhall-dev-'));
const state = persist ?? join(temporary, 'state');
let wrangler;
const finish = obey({ publish: publishAndSay }, end);

try {
  await seed();
  wrangler = await start();
  forward(wrangler.stdout, process.stdout);
  forward(wrangler.stderr, process.stderr);
  wrangler.on('exit', () => finish(1));
} catch (error) {
  console.error(error);
  finish(1);
}

async function seed() {
  const miniflare = await bucketOnly(state);
  try {
    await publish(miniflare, catalog);
  } finally {
    await miniflare.dispose();
  }
}

async function publishAndSay() {
  await seed();
  console.log('published');
}

async function start() {
  // A file that only its owner reads, not an argument that `ps` shows: it holds a private key.
  const secrets = join(temporary, 'secrets.env');
  const line = (await readConfig(config)).replaceAll("'", '\\u0027');
  await writeFile(secrets, `GUILDHALL_EDGE='${line}'\n`, { mode: 0o600 });
  const program = createRequire(import.meta.url).resolve('wrangler/bin/wrangler.js');
  const settings = fileURLToPath(new URL('../wrangler.toml', import.meta.url));
  const options = ['--config', settings, '--env-file', secrets, '--persist-to', state, '--port', String(port)];
  const local = ['--local', '--ip', '127.0.0.1', '--show-interactive-dev-session=false'];
  return spawn(process.execPath, [program, 'dev', join(bundle, 'worker.mjs'), ...options, ...local], {
    // Its files, its logs and its list of running Workers go away with it.
    env: { ...process.env, ...QUIET, TMPDIR: temporary, WRANGLER_LOG_PATH: temporary, WRANGLER_REGISTRY_PATH: temporary },
    // Where wrangler leaves a `.wrangler` folder.
    cwd: temporary,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The leader of a group of its own: wrangler does not always end its children.
    detached: true,
  });
}

function forward(from, to) {
  createInterface({ input: from }).on('line', (line) => {
    to.write(`${line}\n`);
    const ready = line.match(/Ready on (http:\/\/\S+)/);
    if (ready) console.log(`listening on ${ready[1]}`);
  });
}

async function end() {
  if (wrangler) {
    signalGroup('SIGTERM');
    if (wrangler.exitCode === null && wrangler.signalCode === null) {
      const exited = new Promise((resolve) => wrangler.once('exit', resolve));
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, GRACE_MS))]);
    }
    signalGroup('SIGKILL');
  }
  await removeFolder(temporary);
}

function signalGroup(signal) {
  try {
    process.kill(-wrangler.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

// What the two local runs of the Worker share: arguments, the Miniflare set-up, the catalog in its bucket.
import { readdir, readFile, rm } from 'node:fs/promises';
import { resolve, join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

import { Miniflare, Log, LogLevel } from 'miniflare';

const WRANGLER_TOML = new URL('../wrangler.toml', import.meta.url);
/** The folders of a catalog that edges read; `site/` is for static hosting. */
const FOLDERS = ['objects', 'paths', 'shards', 'index', 'tables', 'roots'];
const HEAD = 'head.json';
const PARALLEL_UPLOADS = 16;
/** How long what is still open may hold up the end. */
const EXIT_MS = 300;

export function readArguments(program) {
  const options = Object.fromEntries(
    ['bundle', 'catalog', 'config', 'port', 'persist'].map((name) => [name, { type: 'string' }]),
  );
  const usage = `usage: node ${program} --bundle DIR --catalog DIST --config EDGE_CONFIG.json [--port 0] [--persist DIR]`;
  try {
    const { values } = parseArgs({ options });
    if (!values.bundle || !values.catalog || !values.config) throw new Error('an argument is missing');
    const path = (value) => value && resolve(value);
    return {
      bundle: path(values.bundle),
      catalog: path(values.catalog),
      config: path(values.config),
      port: Number(values.port ?? 0),
      persist: path(values.persist),
    };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

/** The edge's configuration as the one line that its secret holds. */
export async function readConfig(path) {
  return JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
}

/** A setting of wrangler.toml, so that local runs and deployments do not drift apart. */
export async function setting(name) {
  const text = await readFile(WRANGLER_TOML, 'utf8');
  const found = text.match(new RegExp(`^${name} = "(.*)"$`, 'm'));
  if (!found) throw new Error(`wrangler.toml has no \`${name}\``);
  return found[1];
}

/** What every Miniflare of ours has: the bucket, and nothing that asks the network. */
export async function miniflareOptions() {
  return {
    host: '127.0.0.1',
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.WARN),
    compatibilityDate: await setting('compatibility_date'),
    r2Buckets: { CATALOG: await setting('bucket_name') },
  };
}

/** A Miniflare that has only the bucket, in the place where `wrangler dev --persist-to` looks for it. */
export async function bucketOnly(persist) {
  return new Miniflare({
    ...(await miniflareOptions()),
    modules: true,
    script: 'export default {}',
    r2Persist: join(persist, 'v3', 'r2'),
  });
}

/** Uploads what the bucket lacks; the head, which names the rest, comes last. */
export async function publish(miniflare, catalog) {
  const bucket = await miniflare.getR2Bucket('CATALOG');
  const held = await keysOf(bucket);
  const wanted = (await filesOf(catalog)).filter((key) => !held.has(key));
  const worker = async () => {
    for (let key = wanted.pop(); key !== undefined; key = wanted.pop()) await upload(bucket, catalog, key);
  };
  await Promise.all(Array.from({ length: PARALLEL_UPLOADS }, worker));
  await upload(bucket, catalog, HEAD);
}

/** Uploads one file. Miniflare's proxy takes no `Buffer`, only its plain parent. */
export async function upload(bucket, catalog, key) {
  await bucket.put(key, new Uint8Array(await readFile(join(catalog, key))));
}

async function keysOf(bucket) {
  const keys = new Set();
  let cursor;
  do {
    const page = await bucket.list({ cursor });
    for (const object of page.objects) keys.add(object.key);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return keys;
}

async function filesOf(catalog) {
  const inFolder = async (folder) => {
    const entries = await readdir(join(catalog, folder), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && !entry.name.endsWith('.tmp'))
      .map((entry) => relative(catalog, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join('/'));
  };
  return (await Promise.all(FOLDERS.map(inFolder))).flat();
}

/** Obeys lines on stdin until it closes or a signal comes; then ends, once. */
export function obey(commands, end) {
  const input = createInterface({ input: process.stdin, crlfDelay: Infinity });
  let ending;
  const leave = (code) => {
    process.exitCode = code;
    process.stdin.destroy();
    // Miniflare's folder is being removed behind our back: wait for it, but not for ever.
    setTimeout(() => process.exit(), EXIT_MS).unref();
  };
  const finish = (code) => {
    ending ??= end().then(
      () => leave(code),
      (error) => {
        console.error(error);
        leave(1);
      },
    );
  };
  // One after the other, so that answers come in the order of the commands.
  let last = Promise.resolve();
  input.on('line', (line) => {
    const [name, ...words] = line.trim().split(' ');
    const command = commands[name];
    if (!command) return console.error(`unknown command \`${line}\`: there are ${Object.keys(commands).join(', ')}`);
    last = last.then(() => command(...words)).catch((error) => {
      console.error(error);
      finish(1);
    });
  });
  input.on('close', () => last.finally(() => finish(0)));
  process.on('SIGTERM', () => finish(0));
  process.on('SIGINT', () => finish(0));
  return finish;
}

export async function removeFolder(folder) {
  await rm(folder, { recursive: true, force: true });
}

// Serves a static site as plain hosts do, and opens it in Chromium, for which no other host exists.
import { createServer } from 'node:http';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

import { chromium } from 'playwright-core';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript',
  '.json': 'application/json', '.bin': 'application/octet-stream',
};
const FLAGS = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Calls `visit(page, log)` and returns what it does; `log` lists the paths that were asked for, and every error. */
export async function withPage(site, visit, options = {}) {
  const server = createServer(async (request, answer) => {
    const { pathname } = new URL(request.url, 'http://site');
    // Asked for by the browser itself.
    if (pathname === '/favicon.ico') return answer.writeHead(204).end();
    let path = join(site, normalize(decodeURIComponent(pathname)));
    try {
      if ((await stat(path)).isDirectory()) path = join(path, 'index.html');
      const body = await readFile(path);
      answer.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(body);
    } catch {
      answer.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false, args: FLAGS });
  try {
    const baseURL = `http://127.0.0.1:${server.address().port}`;
    const page = await browser.newPage({ baseURL, ...options });
    const log = { paths: [], errors: [] };
    page.on('request', (request) => log.paths.push(request.url().replace(baseURL, '')));
    page.on('pageerror', (error) => log.errors.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && log.errors.push(`${message.text()} ${message.location().url}`));
    return await visit(page, log);
  } finally {
    await browser.close();
    server.close();
  }
}

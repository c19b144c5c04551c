// Signs in with Chromium at the OpenID provider of an edge, of which another site's cookies and redirects are true.
//
//   node e2e/browser/sign_in.mjs EDGE PATH WHO
//
// Opens the page for signing in with the target PATH, follows its link, signs in as WHO, and prints as JSON where that
// ends, with which heading and status, and the names of the cookies that are left.
import { chromium } from 'playwright-core';

const [edge, path, who] = process.argv.slice(2);
const FLAGS = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false, args: FLAGS });
try {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const before = (await page.goto(`${edge}${path}`)).status();
  await page.goto(`${edge}/sign-in?to=${encodeURIComponent(path)}`);
  await page.getByRole('link', { name: 'Sign in at' }).click();
  await page.locator('input[name=login]').fill(who);
  await page.locator('input[name=password]').fill('x');
  await page.locator('button[type=submit]').click();
  const arrived = page.waitForResponse((response) => response.url() === `${edge}${path}`);
  await page.locator('button[type=submit]').click();
  const after = (await arrived).status();
  await page.waitForURL(`${edge}${path}`);
  const heading = await page.locator('h1').textContent();
  const cookies = (await context.cookies(edge)).map(({ name, sameSite, httpOnly }) => `${name} ${sameSite} ${httpOnly}`);
  await page.goto(`${edge}/sign-in`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  const out = (await page.goto(`${edge}${path}`)).status();
  const own = (kept) => kept.startsWith('guildhall');
  console.log(JSON.stringify({ before, after, heading, cookies: cookies.filter(own), out }));
} finally {
  await browser.close();
}

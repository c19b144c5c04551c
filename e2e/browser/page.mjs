// Searches on the page of a static site as a person does, and prints what was seen as JSON.
//
//   node e2e/browser/page.mjs SITE
import { withPage } from './browser.mjs';

const [site] = process.argv.slice(2);

const seen = await withPage(site, async (page, log) => {
  const seen = {};
  const ask = page.getByLabel('What should the skill do?');
  const options = page.getByRole('option');
  const attribute = (name) => ask.getAttribute(name);
  // A page that is left while it loads tells of errors that are none.
  const settled = () => page.waitForLoadState('networkidle');
  const heading = () => page.locator('main h1').textContent();
  await page.goto('/search/');
  seen.loadedBeforeTheFirstKey = log.paths.splice(0);
  const before = await page.locator('.hint').boundingBox();
  await ask.pressSequentially('inciden');
  await options.first().waitFor();
  seen.suggested = await options.allTextContents();
  seen.expanded = await attribute('aria-expanded');
  seen.controls = (await attribute('aria-controls')) === (await page.getByRole('listbox').getAttribute('id'));
  const after = await page.locator('.hint').boundingBox();
  seen.shift = after.y - before.y;
  await ask.press('ArrowDown');
  seen.active = (await attribute('aria-activedescendant')) === (await options.first().getAttribute('id'));
  seen.selected = await options.first().getAttribute('aria-selected');
  await ask.press('Escape');
  seen.afterEscape = [await ask.inputValue(), await attribute('aria-expanded'), await options.count()];
  await ask.press('Enter');
  await page.locator('.results .row').first().waitFor();
  seen.address = new URL(page.url()).search;
  // With the table, which came after the first results.
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('/table.')));
  await ask.fill('emergency outage of the website');
  await ask.press('Enter');
  await page.waitForFunction(() => document.querySelector('.results').textContent.includes('incident-triage'));
  seen.results = await page.locator('.results .row h2 a').allTextContents();
  seen.said = await page.locator('form [role=status]').textContent();
  await settled();
  await page.goBack();
  seen.back = await ask.inputValue();
  await settled();
  await page.goto('/search/?q=incident&team=no-such-team');
  await page.locator('.results .count').waitFor();
  seen.ofNoTeam = await page.locator('.results .row').count();
  await settled();
  await page.goto('/');
  await page.getByLabel('Search skills').fill('redact');
  await page.getByLabel('Search skills').press('Enter');
  await page.locator('.results .row').first().waitFor();
  seen.fromAnotherPage = await page.locator('.results .row h2 a').allTextContents();
  await ask.fill('');
  await ask.pressSequentially('redactor');
  await options.first().waitFor();
  await ask.press('ArrowDown');
  await settled();
  await Promise.all([page.waitForURL('**/skills/**'), ask.press('Enter')]);
  seen.opened = await heading();
  seen.loaded = log.paths;
  seen.errors = log.errors;
  return seen;
});
console.log(JSON.stringify(seen));

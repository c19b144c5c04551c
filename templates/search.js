// Searches in the browser where no edge does. Nothing is loaded before the first key, or a query in the address.
const form = document.querySelector('[data-search]');
const input = form.querySelector('input');
const results = document.querySelector('.results');
const setup = JSON.parse(form.dataset.search);
const MOST_NAMES = 8;
const NOT_LOADED = '<p class="empty">Search could not be loaded. Try again, or look through the lists below.</p>';

let left = false;
addEventListener('pagehide', () => { left = true; });
addEventListener('pageshow', () => { left = false; });
/** Tells of an error, but not of a file that is no longer awaited because its page is left. */
const tell = (error) => left || console.error(error);

/** What `load` gives, loaded once; after a failure, again. */
function once(load) {
  const loaded = new Map();
  return (key) => {
    if (!loaded.has(key)) {
      loaded.set(key, load(key));
      loaded.get(key).catch(() => loaded.delete(key));
    }
    return loaded.get(key);
  };
}

/** A file that is stored compressed, so that it travels so from any host. */
async function bytes(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const plain = answer.body.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

async function part({ script, wasm }) {
  const [module, code] = await Promise.all([import(script), bytes(wasm)]);
  await module.default({ module_or_path: code });
  return module;
}

const names = once(async () => new (await part(setup.names)).Names(setup.names.starts));
const namesFile = once(async (number) => (await names()).add(number, await bytes(`${setup.names.files}${number}.bin`)));
const engine = once(async () => {
  const shards = Promise.all(setup.engine.shards.map(bytes));
  const made = new (await part(setup.engine)).Engine();
  for (const shard of await shards) made.add_shard(shard);
  return made;
});
/** What gives words their meaning; until it is there, words alone decide. */
const table = once(async () => (await engine()).set_table(await bytes(setup.engine.table)));

// The names that are suggested: a combobox with a list (ARIA Authoring Practices 1.2).
const list = form.appendChild(document.createElement('ul'));
Object.assign(list, { id: 'names', role: 'listbox', hidden: true, ariaLabel: 'Skills' });
Object.assign(input, { role: 'combobox', ariaExpanded: 'false', ariaAutoComplete: 'list', autocomplete: 'off' });
input.setAttribute('aria-controls', list.id);
const status = form.appendChild(document.createElement('p'));
Object.assign(status, { className: 'hidden', role: 'status' });
let active = -1;
/** Rises with whatever makes names that are still awaited come too late. */
let turn = 0;

function show(slugs) {
  active = -1;
  list.replaceChildren(...slugs.map((slug, place) => Object.assign(document.createElement('li'), {
    id: `name-${place}`, role: 'option', ariaSelected: 'false', textContent: slug,
  })));
  list.hidden = slugs.length === 0;
  input.ariaExpanded = String(!list.hidden);
  input.removeAttribute('aria-activedescendant');
}

function close() {
  turn += 1;
  show([]);
}

function move(step) {
  const options = [...list.children];
  // One place more than there are names: none of them, back in the text.
  active = (active + 1 + step + options.length + 1) % (options.length + 1) - 1;
  options.forEach((option, place) => { option.ariaSelected = String(place === active); });
  options[active]?.scrollIntoView({ block: 'nearest' });
  if (active < 0) input.removeAttribute('aria-activedescendant');
  else input.setAttribute('aria-activedescendant', options[active].id);
}

const open = (option) => location.assign(`/skills/${option.textContent}/`);

async function suggest() {
  const query = input.value;
  turn += 1;
  const mine = turn;
  const known = await names();
  await Promise.all(Array.from(known.missing(query), namesFile));
  if (mine !== turn) return;
  const slugs = known.best(query, MOST_NAMES);
  show(slugs);
  status.textContent = slugs.length === 1 ? '1 name' : `${slugs.length} names`;
}

async function search() {
  const asked = location.search;
  const address = new URLSearchParams(asked);
  const query = (address.get('q') ?? '').trim();
  close();
  if (query === '') return results.replaceChildren();
  const answer = (found) => {
    // Escaped by the engine, as an edge's page is.
    results.innerHTML = found.results(query, address.get('team') ?? '', address.get('tag') ?? '');
    status.textContent = results.querySelector('.count').textContent;
  };
  try {
    const found = await engine();
    if (asked !== location.search) return;
    answer(found);
    await table();
    // Nothing moves under the reader's hand.
    if (asked === location.search && !results.matches(':hover, :focus-within')) answer(found);
  } catch (error) {
    tell(error);
    if (asked === location.search && results.querySelector('.row') === null) results.innerHTML = NOT_LOADED;
  }
}

input.addEventListener('input', () => {
  // Names first: they are small. The engine follows, for whoever goes on to a whole search.
  suggest().then(engine).catch(tell);
});
input.addEventListener('keydown', (event) => {
  if (event.isComposing) return;
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    if (list.hidden) suggest().catch(tell);
    else move(event.key === 'ArrowDown' ? 1 : -1);
  } else if (event.key === 'Escape' && !list.hidden) {
    event.preventDefault();
    close();
  } else if (event.key === 'Enter' && active >= 0) {
    event.preventDefault();
    open(list.children[active]);
  }
});
input.addEventListener('blur', close);
list.addEventListener('mousedown', (event) => event.preventDefault());
list.addEventListener('click', (event) => {
  const option = event.target.closest('li');
  if (option) open(option);
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const address = `?${new URLSearchParams({ q: input.value.trim() })}`;
  if (address !== location.search) history.pushState(null, '', address);
  search();
});
addEventListener('popstate', restore);

function restore() {
  input.value = new URLSearchParams(location.search).get('q') ?? '';
  search();
}

if (location.search) restore();

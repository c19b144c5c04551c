// The Worker's entry: the compiled edge, guarded against its own crash.
//
// A panic traps in a microtask and leaves its promise unsettled for ever. Here every request in flight is answered
// with 503 at that moment, and the next one starts a fresh instance.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import * as edge from './index.js';

const state = edge.__worker_init_state();
const inFlight = new Set();

let crashed = false;
Object.defineProperty(state, 'criticalError', {
  get: () => crashed,
  set: (value) => {
    crashed = value;
    if (crashed) for (const settle of inFlight) settle();
  },
});

// Traps that are no panics: memory out of bounds, the stack's end.
addEventListener('error', (event) => noteTrap(event.error));

function noteTrap(error) {
  if (error instanceof WebAssembly.RuntimeError) {
    console.error(JSON.stringify({ level: 'error', message: `the edge crashed: ${error}` }));
    state.criticalError = true;
  }
}

function restartAfterCrash() {
  if (!crashed) return;
  edge.__wbg_reset_state();
  state.criticalError = false;
  state.instanceId++;
}

/** The answer of `work`, or a 503 when the edge crashes before there is one. */
async function guarded(work) {
  let settle;
  const crash = new Promise((resolve) => {
    settle = () => resolve(null);
  });
  try {
    restartAfterCrash();
    inFlight.add(settle);
    const answer = await Promise.race([work(), crash]);
    if (answer) return answer;
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    noteTrap(error);
  } finally {
    inFlight.delete(settle);
  }
  return unavailable();
}

function unavailable() {
  const problem = {
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: 'the edge cannot answer at the moment; try again later',
    code: 'UNAVAILABLE',
  };
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'private, no-store' };
  return new Response(JSON.stringify(problem), { status: 503, headers });
}

export default class Edge extends WorkerEntrypoint {
  fetch(request) {
    return guarded(() => edge.fetch(request, this.env, this.ctx));
  }

  async scheduled(event) {
    await guarded(() => edge.scheduled(event, this.env, this.ctx).then(() => true));
  }
}

/** A Durable Object whose code is the class of this name in the compiled edge. */
const guardedObject = (name) =>
  class extends DurableObject {
    #object;
    #instance;

    fetch(request) {
      return guarded(() => this.#current().fetch(request));
    }

    /** The object in the running instance: what an earlier one held is gone, but for what is stored. */
    #current() {
      if (this.#instance !== state.instanceId) {
        this.#object = new edge[name](this.ctx, this.env);
        this.#instance = state.instanceId;
      }
      return this.#object;
    }
  };

export const UsageLog = guardedObject('UsageLog');
export const Claims = guardedObject('Claims');

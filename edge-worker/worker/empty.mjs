// An empty worker on loopback, in Miniflare, beside which benchmarks measure the edge: what workerd itself costs.
//
//   node edge-worker/worker/empty.mjs
import { Miniflare } from 'miniflare';

const script = 'export default { fetch: async (request) => { await request.text(); return new Response(""); } }';
const miniflare = new Miniflare({ modules: true, script });
const address = await miniflare.ready;
console.log(`listening on ${address.origin}`);
const finish = () => miniflare.dispose().then(() => process.exit(0));
process.stdin.on('end', finish).resume();
process.on('SIGTERM', finish).on('SIGINT', finish);

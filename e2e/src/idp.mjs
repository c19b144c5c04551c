// An identity provider's keys and signatures, by Node's cryptography. Takes the kinds of its keys by name, prints
// `{keys, url}` as one line: the public halves, and where it serves sets of them. Then it obeys lines on stdin, each
// answered by a line:
//   {kid, signed}, {secret, signed}   the signature, base64url
//   {path, answer}                    what it answers at a path from now on; see `serve`
//   {asked}                           how often it was asked for a path
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const KINDS = {
  EdDSA: ['ed25519', {}],
  ES256: ['ec', { namedCurve: 'P-256' }],
  RS256: ['rsa', { modulusLength: 2048 }],
};

const privateKeys = new Map();
const keys = Object.entries(JSON.parse(process.argv[2])).map(([kid, alg]) => {
  const { publicKey, privateKey } = generateKeyPairSync(...KINDS[alg]);
  privateKeys.set(kid, privateKey);
  return { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
});

const answers = new Map();
const asked = new Map();

/** Answers with the keys of some names (`kids`) or a text, filled up to so many `bytes`; or hangs up. */
function serve(request, response) {
  asked.set(request.url, (asked.get(request.url) ?? 0) + 1);
  const { kids = [], text, bytes, status = 200, headers = {}, hangsUp } = answers.get(request.url) ?? { status: 404 };
  if (hangsUp) return request.socket.destroy();
  const set = text ?? JSON.stringify({ keys: keys.filter(({ kid }) => kids.includes(kid)) });
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(set.padEnd(bytes ?? 0));
}

const server = createServer(serve).listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(JSON.stringify({ keys, url: `http://127.0.0.1:${server.address().port}` }));

function obey(command) {
  if (command.asked !== undefined) return asked.get(command.asked) ?? 0;
  if (command.path === undefined) return signature(command);
  answers.set(command.path, command.answer);
  return 'served';
}

function signature({ kid, secret, signed }) {
  if (secret !== undefined) return createHmac('sha256', secret).update(signed).digest('base64url');
  const key = privateKeys.get(kid);
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

for await (const line of createInterface({ input: process.stdin })) console.log(obey(JSON.parse(line)));
server.close();
server.closeAllConnections();

// An identity provider's keys and signatures, by Node's cryptography. Takes the kinds of its keys by name, prints the
// JWK set of the public halves as one line, then answers each line `{kid, signed}` or `{secret, signed}` with the
// signature, base64url.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
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
console.log(JSON.stringify({ keys }));

function signature({ kid, secret, signed }) {
  if (secret !== undefined) return createHmac('sha256', secret).update(signed).digest('base64url');
  const key = privateKeys.get(kid);
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

for await (const line of createInterface({ input: process.stdin })) console.log(signature(JSON.parse(line)));

// Makes `tokens.json`: public keys of each kind, and a token signed by each with Node's cryptography, which shares no
// code with what verifies them. `node registry-core/tests/data/tokens.mjs > registry-core/tests/data/tokens.json`
// makes other keys, as good as these; nobody keeps the private halves.
import { generateKeyPairSync, sign } from "node:crypto";

const claims = {
  iss: "https://idp.example.com",
  aud: ["https://skills.example.com"],
  sub: "agent-7",
  iat: 1_800_000_000,
  exp: 1_800_000_600,
  "https://example.com/role": "support-agent",
  groups: ["support"],
};
const kinds = {
  "ed-1": ["EdDSA", "ed25519", {}],
  "ec-1": ["ES256", "ec", { namedCurve: "P-256" }],
  "rsa-2048": ["RS256", "rsa", { modulusLength: 2048 }],
  "rsa-4096": ["RS256", "rsa", { modulusLength: 4096 }],
};
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const made = { jwks: { keys: [] }, tokens: {} };
for (const [kid, [alg, type, options]] of Object.entries(kinds)) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  made.jwks.keys.push({ ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" });
  const signed = `${encode({ alg, typ: "at+jwt", kid })}.${encode(claims)}`;
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" };
  const signature = sign(type === "ed25519" ? null : "sha256", Buffer.from(signed), key);
  made.tokens[kid] = `${signed}.${signature.toString("base64url")}`;
}
console.log(JSON.stringify(made, null, 2));

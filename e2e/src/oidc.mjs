// A real OpenID provider on loopback: npm's oidc-provider, with one confidential client and accounts of our own.
//
//   node e2e/src/oidc.mjs REDIRECT_URI
//
// Prints `listening on URL`. Who signs in types a name, which says what the ID token claims: `ROLE`, `ROLE TEAM TEAM…`.
// The issuer's own login and consent pages are oidc-provider's. Ends when stdin closes.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const [redirectUri] = process.argv.slice(2);
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
// Another site than the edge, which tests reach at 127.0.0.1.
const issuer = `http://localhost:${server.address().port}`;
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'guildhall',
      client_secret: 'a secret: with % and /',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'provider-1', alg: 'RS256', use: 'sig' }] },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], catalog: ['role', 'groups', 'elevated_until'] },
  // Of the code flow, whose claims otherwise lie at an endpoint that the edge does not ask.
  conformIdTokenClaims: false,
  ttl: { IdToken: 300 },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => {
      const [role, ...groups] = id.split(' ');
      const elevated = groups.includes('elevated') ? { elevated_until: Math.floor(Date.now() / 1000) + 600 } : {};
      return { sub: id, role, groups: groups.filter((name) => name !== 'elevated'), ...elevated };
    },
  }),
});
server.on('request', provider.callback());
console.log(`listening on ${issuer}`);

process.stdin.resume();
await once(process.stdin, 'end');
server.close();
server.closeAllConnections();

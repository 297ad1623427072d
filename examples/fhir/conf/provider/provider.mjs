// The OpenID provider: oidc-provider with the options below. Settings (JSON) come from the file that is named.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

import Provider from 'oidc-provider';

import { adapterOver } from './redis.mjs';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const SCOPES = [...new Set(Object.values(settings.roles).flatMap((scope) => scope.split(' ')))];

const provider = new Provider(settings.issuer, {
  adapter: adapterOver(settings.redis),
  jwks: settings.jwks,
  cookies: { keys: [settings.cookie_key] },
  scopes: SCOPES,
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clients: [
    ...settings.clients.map(({ role, hospital, ...client }) => ({
      ...client,
      role,
      hospital,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_post',
    })),
  ],
  extraClientMetadata: { properties: ['role', 'hospital'] },
  extraTokenClaims: (ctx, token) => ({ hospital: token.client?.hospital }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (ctx, client) => client.role === 'resource server',
    },
    // A token carries those of the requested scopes that the client's role has.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => settings.audience,
      getResourceServerInfo: (ctx, resource, client) => ({
        scope: settings.roles[client.role] ?? '',
        audience: settings.audience,
        accessTokenTTL: settings.lifetime_s,
        accessTokenFormat: 'opaque',
      }),
    },
  },
  ttl: { ClientCredentials: settings.lifetime_s },
});
provider.proxy = true;

createServer(
  { key: readFileSync(settings.key), cert: readFileSync(settings.certificate), minVersion: 'TLSv1.2' },
  provider.callback(),
).listen(settings.port, settings.address);

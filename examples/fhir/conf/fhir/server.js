// The FHIR service: node-fhir-server-core with the options below. Settings (JSON) come from the file that is named.
const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');

const express = require('express');
const { createProxyMiddleware } = require('http-proxy-middleware');
const morgan = require('morgan');
const passport = require('passport');
const { Server } = require('@asymmetrik/node-fhir-server-core');

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const storage = require('./storage').over(settings.database);

// One row for every answer, refusals among them.
morgan.token('who', (request) => request.user?.client_id ?? '');
morgan.token('hospital', (request) => request.user?.hospital ?? '');
morgan.token('path', (request) => request.originalUrl.split('?')[0]);
const trail = morgan(
  (tokens, request, answer) =>
    JSON.stringify({
      at: tokens.date(request, answer, 'iso'),
      client: tokens.who(request, answer),
      hospital: tokens.hospital(request, answer),
      action: tokens.method(request, answer),
      resource: tokens.path(request, answer),
      outcome: tokens.status(request, answer) ?? '0',
      address: tokens['remote-addr'](request, answer),
      request_id: request.get('x-request-id') ?? '',
    }),
  { skip: (request) => request.path === '/4_0_0/metadata', stream: { write: storage.record } },
);
const application = express().set('trust proxy', 1);
application.use(trail);
// The model asks for a key, which nobody but this service has.
application.use(
  '/v1',
  passport.authenticate('bearer', { session: false }),
  (request, answer, next) =>
    request.user.scope.split(' ').includes('user/Assistant.use') ? next() : answer.sendStatus(403),
  createProxyMiddleware({
    target: `${settings.model.url}/v1`,
    changeOrigin: true,
    agent: new https.Agent({ keepAlive: true }),
    headers: { authorization: `Bearer ${settings.model.key}` },
    proxyTimeout: 120_000,
  }),
);

const profile = (type) => ({ service: storage.profile(type), versions: ['4_0_0'] });
new Server(
  {
    auth: { type: 'smart', strategy: { name: 'bearer', useSession: false, service: path.join(__dirname, 'bearer.js') } },
    server: {
      ssl: { key: settings.key, cert: settings.certificate },
      corsOptions: { origin: false, maxAge: 86400 },
    },
    profiles: {
      patient: profile('Patient'),
      observation: profile('Observation'),
      condition: profile('Condition'),
      organization: profile('Organization'),
    },
    security: [{ url: 'token', valueUri: `${settings.issuer}/token` }],
    logging: { level: 'error' },
  },
  application,
)
  .configureMiddleware()
  .configurePassport()
  .configureHelmet()
  .setProfileRoutes()
  .setErrorRoutes()
  .listen(settings.port, settings.address);

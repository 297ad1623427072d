// Whether a token is good, asked of the provider (RFC 7662). @asymmetrik/sof-strategy does the same, but answers
// a token that is none with 500.
const fs = require('node:fs');

const { Strategy } = require('passport-http-bearer');

const { introspection } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

async function ask(token) {
  const answer = await fetch(introspection.url, {
    method: 'POST',
    body: new URLSearchParams({ token, client_id: introspection.client_id, client_secret: introspection.client_secret }),
  });
  if (!answer.ok) throw new Error(`the provider answered ${answer.status}`);
  return answer.json();
}

module.exports.strategy = new Strategy((token, done) => {
  ask(token).then((told) => done(null, told.active && told.hospital ? told : false), done);
});

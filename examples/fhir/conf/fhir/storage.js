// What node-fhir-server-core leaves to its user: where resources are kept. Here PostgreSQL, one table for each type.
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const { checkServerIdentity } = require('node:tls');

const { ServerError } = require('@asymmetrik/node-fhir-server-core');
const { Pool } = require('pg');

const KEY = "current_setting('fhir.key')";
const HOSPITAL = "current_setting('fhir.hospital')";
const READ = `pgp_sym_decrypt(content, ${KEY})`;
// The key has 256 bits, so that it need not be stretched for each value.
const WRITE = `pgp_sym_encrypt($4, ${KEY}, 'cipher-algo=aes256, s2k-mode=1')`;
const BLIND = (value) => `hmac(${value}, ${KEY}, 'sha256')`;

module.exports.over = ({ ca, phi_key, servername, ...options }) => {
  const pool = new Pool({
    ...options,
    max: 8,
    connectionTimeoutMillis: 2000,
    ssl: {
      ca: fs.readFileSync(ca),
      minVersion: 'TLSv1.2',
      // The proxy passes TLS on: whoever answers is the database.
      checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
    },
    // The key stands in no statement, so that no log can hold it.
    options: `-c fhir.key=${phi_key}`,
  });
  pool.on('error', (problem) => console.error(problem.message));
  // A connection that is lost while it is in use says so by itself, and nobody listening ends the process.
  pool.on('connect', (connection) => connection.on('error', (problem) => console.error(problem.message)));

  // Row-level security lets through what belongs to the hospital that the token names.
  async function within({ req }, work) {
    const connection = await pool.connect();
    try {
      await connection.query('BEGIN');
      await connection.query("SELECT set_config('fhir.hospital', $1, true)", [req.user.hospital]);
      const result = await work(connection, req.body);
      await connection.query('COMMIT');
      return result;
    } catch (problem) {
      await connection.query('ROLLBACK').catch(() => {});
      throw problem;
    } finally {
      connection.release();
    }
  }

  function profile(type) {
    const table = `fhir.${type.toLowerCase()}`;

    const searchById = ({ id }, context) =>
      within(context, async (db) => {
        const { rows } = await db.query(`SELECT ${READ} AS content FROM ${table} WHERE id = $1`, [id]);
        return rows[0] && JSON.parse(rows[0].content);
      });

    const search = ({ _id, subject, patient, identifier }, context) =>
      within(context, async (db) => {
        const about = (subject ?? patient)?.replace(/^Patient\//, '');
        const { rows } = await db.query(
          `SELECT ${READ} AS content FROM ${table}
           WHERE ($1::text IS NULL OR id = $1) AND ($2::text IS NULL OR patient = $2)
             AND ($3::text IS NULL OR identifier = ${BLIND('$3')})
           ORDER BY updated DESC LIMIT 20`,
          [_id, about, identifier?.split('|').pop()],
        );
        const entry = rows.map(({ content }) => ({ resource: JSON.parse(content) }));
        return { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry };
      });

    const write = (id, context) =>
      within(context, async (db, body) => {
        // https://hl7.org/fhir/R4/http.html#update
        if (body.resourceType !== type || (context.req.params.id && body.id !== id)) {
          throw new ServerError('the body is not the resource that the URL names', { statusCode: 400, issue: [] });
        }
        const content = { ...body, resourceType: type, id, meta: { lastUpdated: new Date().toISOString() } };
        await db.query(
          `INSERT INTO ${table} (hospital, id, patient, identifier, content)
           VALUES (${HOSPITAL}, $1, $2, ${BLIND('$3')}, ${WRITE})
           ON CONFLICT (hospital, id) DO UPDATE SET
             patient = excluded.patient, identifier = excluded.identifier, content = excluded.content, updated = now()`,
          [
            id,
            body.subject?.reference?.replace(/^Patient\//, ''),
            body.identifier?.[0]?.value,
            JSON.stringify(content),
          ],
        );
        return { id };
      });

    return {
      search,
      searchById,
      create: (_, context) => write(randomUUID(), context),
      update: ({ id }, context) => write(id, context),
      remove: ({ id }, context) =>
        within(context, async (db) => {
          await db.query(`DELETE FROM ${table} WHERE id = $1`, [id]);
          return {};
        }),
    };
  }

  function record(line) {
    pool
      .query('INSERT INTO fhir.trail SELECT * FROM json_populate_record(NULL::fhir.trail, $1)', [line])
      .catch((problem) => console.error(problem.message));
  }

  return { profile, record };
};

-- The database of the FHIR service: its owner creates, the service reads and writes rows.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS pgaudit;

CREATE ROLE fhir_owner NOLOGIN;
CREATE ROLE fhir_service LOGIN;
-- Looks, and may try what the service may: whoever gates the deployment logs in as this.
CREATE ROLE gate LOGIN NOINHERIT IN ROLE fhir_service, pg_monitor, pg_checkpoint;
GRANT SELECT ON pg_hba_file_rules TO gate;
GRANT EXECUTE ON FUNCTION pg_hba_file_rules(), pg_switch_wal(), pg_create_restore_point(text) TO gate;

REVOKE ALL ON DATABASE fhir FROM PUBLIC;
GRANT CONNECT ON DATABASE fhir TO fhir_service, gate;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO fhir_service; -- pgcrypto
CREATE SCHEMA fhir AUTHORIZATION fhir_owner;
GRANT USAGE ON SCHEMA fhir TO fhir_service, gate;
SET ROLE fhir_owner;

DO $$
DECLARE
  kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['patient', 'observation', 'condition', 'organization'] LOOP
    EXECUTE format('
      CREATE TABLE fhir.%1$I (
        hospital text NOT NULL,
        id text NOT NULL,
        patient text, -- whom it is about
        identifier bytea, -- keyed hash: it can be searched for, not read
        content bytea NOT NULL, -- the resource, as an OpenPGP message
        updated timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (hospital, id)
      );
      CREATE INDEX ON fhir.%1$I (hospital, patient);
      CREATE INDEX ON fhir.%1$I (hospital, identifier);
      ALTER TABLE fhir.%1$I ENABLE ROW LEVEL SECURITY;
      ALTER TABLE fhir.%1$I FORCE ROW LEVEL SECURITY;
      CREATE POLICY own_hospital ON fhir.%1$I USING (hospital = current_setting(''fhir.hospital'', true));
      GRANT SELECT, INSERT, UPDATE, DELETE ON fhir.%1$I TO fhir_service;
      CREATE POLICY ciphertext ON fhir.%1$I FOR SELECT TO gate USING (true);
      GRANT SELECT ON fhir.%1$I TO gate;', kind);
  END LOOP;
END $$;

CREATE TABLE fhir.trail (
  at timestamptz NOT NULL,
  client text NOT NULL,
  hospital text NOT NULL,
  action text NOT NULL,
  resource text NOT NULL,
  outcome text NOT NULL,
  address text NOT NULL,
  request_id text NOT NULL
);
CREATE INDEX ON fhir.trail (at);
ALTER TABLE fhir.trail ENABLE ROW LEVEL SECURITY;
ALTER TABLE fhir.trail FORCE ROW LEVEL SECURITY;
CREATE POLICY writing ON fhir.trail FOR INSERT TO fhir_service WITH CHECK (true);
CREATE POLICY reading ON fhir.trail FOR SELECT TO gate USING (true);
GRANT INSERT ON fhir.trail TO fhir_service;
GRANT SELECT ON fhir.trail TO gate;

CREATE FUNCTION fhir.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the trail is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fhir.trail
  FOR EACH STATEMENT EXECUTE FUNCTION fhir.refuse();
ALTER TABLE fhir.trail ENABLE ALWAYS TRIGGER append_only;
RESET ROLE;

# PostgreSQL of the archive: made once, with a role that owns nothing but its own database.
set -eu
PATH=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1):$PATH
data=/data/database/main

# PostgreSQL takes no key that others may read, and a secret's file may be so.
install -m 600 /run/secrets/database.key /tmp/server.key
settings=(
  -c listen_addresses='*' -c unix_socket_directories=/tmp -c ssl=on -c ssl_min_protocol_version=TLSv1.2
  -c ssl_cert_file=/run/secrets/database.crt -c ssl_key_file=/tmp/server.key -c ssl_ca_file=/run/secrets/ca.crt
  -c log_connections=on -c dynamic_shared_memory_type=mmap -c shared_buffers=64MB
)

if [ ! -e $data/made ]; then
  rm -rf $data
  initdb --pgdata=$data --data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=reject >/dev/null
  printf '%s\n' 'local all postgres peer' 'hostssl archive orthanc,auditor 0.0.0.0/0 scram-sha-256' >$data/pg_hba.conf
  pg_ctl --pgdata=$data --wait --silent --options='-c listen_addresses= -c unix_socket_directories=/tmp' start
  psql --host=/tmp --quiet --set=ON_ERROR_STOP=1 <<SQL
CREATE ROLE orthanc LOGIN PASSWORD '$(cat /run/secrets/database)';
CREATE ROLE auditor LOGIN IN ROLE pg_read_all_settings, pg_monitor PASSWORD '$(cat /run/secrets/auditor)';
CREATE DATABASE archive OWNER orthanc;
REVOKE CONNECT ON DATABASE archive FROM PUBLIC;
GRANT CONNECT ON DATABASE archive TO orthanc, auditor;
SQL
  pg_ctl --pgdata=$data --wait --silent stop
  touch $data/made
fi
exec postgres -D $data "${settings[@]}"

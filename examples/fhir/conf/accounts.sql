-- Log-ins beside the application's: each has what it needs, and no more.
CREATE ROLE metrics LOGIN IN ROLE pg_monitor;
CREATE ROLE streaming_barman LOGIN REPLICATION;
CREATE ROLE barman LOGIN IN ROLE pg_read_all_settings, pg_read_all_stats;
GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean), pg_switch_wal(),
  pg_create_restore_point(text) TO barman;

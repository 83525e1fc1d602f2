-- doctor.sql - what gesyncctl doctor asks PostgreSQL about itself: one row.
SELECT current_setting('server_version_num') AS version,
	current_setting('server_encoding') AS encoding,
	current_setting('fsync') AS fsync,
	pg_is_in_recovery() AS replica,
	current_setting('default_transaction_read_only') AS read_only,
	floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms,
	current_user AS role,
	-- Not to_regclass(): it fails for a role that may not use the schema.
	EXISTS (SELECT FROM pg_namespace WHERE nspname = 'gesync') AS schema,
	coalesce((SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = 'gesync'), false) AS may_use,
	has_database_privilege(current_database(), 'CREATE') AS may_create,
	t.oid IS NOT NULL AS application,
	coalesce(has_table_privilege(t.oid, 'SELECT') AND has_table_privilege(t.oid, 'UPDATE'), false) AS may_update,
	current_setting('max_connections')::integer
		- (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections
FROM (SELECT to_regclass('license_licensedetailsmodel')::oid AS oid) t;

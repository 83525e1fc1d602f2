-- depends: shop.0002_leaves
CREATE TABLE found AS
SELECT current_user AS role, current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout,
	current_setting('lock_timeout') AS lock, coalesce(to_regclass('pg_temp.leftover')::text, 'gone') AS temp;
PREPARE leftover AS SELECT 1;

-- Ids are bigint: 0008 did it.
--
-- depends: token_blacklist.0008_migrate_to_bigautofield

-- Nothing to do in the database.

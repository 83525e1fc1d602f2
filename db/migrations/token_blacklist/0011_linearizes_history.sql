-- Pins the order after 0010.
--
-- depends: token_blacklist.0010_fix_migrate_to_bigautofield

-- Nothing to do in the database.

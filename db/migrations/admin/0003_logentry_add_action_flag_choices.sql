-- LogEntry.action_flag: choices of the model alone.
--
-- depends: admin.0002_logentry_remove_auto_add

-- Nothing to do in the database.

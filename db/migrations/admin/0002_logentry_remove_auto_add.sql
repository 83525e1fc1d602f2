-- LogEntry.action_time: default of the model alone.
--
-- depends: admin.0001_initial

-- Nothing to do in the database.

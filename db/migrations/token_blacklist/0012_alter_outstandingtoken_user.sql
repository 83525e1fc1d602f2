-- OutstandingToken.user: what the model does on delete.
--
-- depends: auth.0001_initial
-- depends: token_blacklist.0011_linearizes_history

-- Nothing to do in the database.

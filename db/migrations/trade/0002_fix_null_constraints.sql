-- Has no operations.
--
-- depends: trade.0001_initial

-- Nothing to do in the database.

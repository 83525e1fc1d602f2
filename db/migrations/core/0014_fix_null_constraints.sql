-- InvoiceEntity.address_line_2: default of the model alone.
--
-- depends: core.0013_change_restriction_norm_to_fk

-- Nothing to do in the database.

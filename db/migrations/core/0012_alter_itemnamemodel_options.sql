-- Item names: default ordering of the model alone.
--
-- depends: core.0011_add_restriction_fields_to_item_head

-- Nothing to do in the database.

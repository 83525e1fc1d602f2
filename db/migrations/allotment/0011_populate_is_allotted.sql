-- is_allotted: the header has at least one line.
--
-- depends: allotment.0010_add_is_allotted_field

UPDATE allotment_allotmentmodel AS header
SET is_allotted = NOT is_allotted
WHERE is_allotted <> EXISTS (SELECT FROM allotment_allotmentitems WHERE allotment_id = header.id);

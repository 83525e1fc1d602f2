-- depends: depot.0001_initial
INSERT INTO depot_stock (item_id, amount)
SELECT id, 0 FROM shop_item i
WHERE NOT EXISTS (SELECT 1 FROM depot_stock s WHERE s.item_id = i.id);

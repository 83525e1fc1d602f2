-- depends: shop.0002_price
-- transaction: off
-- statement_timeout: 1h
CREATE INDEX CONCURRENTLY IF NOT EXISTS shop_item_name ON shop_item (name);

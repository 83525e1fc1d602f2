-- depends: shop.0001_leaves
-- transaction: off
SET search_path = pg_catalog;
SET SESSION AUTHORIZATION leaver;
SET statement_timeout = '1d';

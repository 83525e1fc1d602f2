-- What is left behind in a session, and what a dump's own files begin with.
SELECT pg_catalog.set_config('search_path', '', false);
SET statement_timeout = '1d';
SET lock_timeout = '1d';
CREATE TEMPORARY TABLE leftover AS SELECT 1 AS one;
PREPARE leftover AS SELECT 1;
CREATE TABLE public.left_by_one (id bigint);
SET ROLE leaver;

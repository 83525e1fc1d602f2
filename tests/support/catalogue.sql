-- catalogue.sql - what a rebuild compares is what tests compare.
\ir ../../db/query/structure.sql

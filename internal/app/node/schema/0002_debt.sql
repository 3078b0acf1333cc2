-- +goose Up
-- The index deletes rows when it reads in the journal that their bodies were deleted, and needs nothing written down for that.
DROP TABLE index_debt;

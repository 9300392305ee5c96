ALTER TABLE tallies DROP COLUMN awaiting_registration;
DROP TABLE former_electors;

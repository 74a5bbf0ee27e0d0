-- What dispatch needs beyond tables: one order for all slots, checks at once instead of at commit, room for updates in place.
CREATE SEQUENCE marketplace_slot_rank AS bigint CACHE 1;

DO $$
DECLARE found record;
BEGIN
  FOR found IN
    SELECT c.conname, c.conrelid::regclass AS relation FROM pg_constraint c
     WHERE c.contype = 'f' AND c.condeferrable AND c.conrelid = ANY(ARRAY['marketplace_slot', 'marketplace_assignment', 'marketplace_lease', 'marketplace_submission', 'marketplace_workerrecord', 'marketplace_draft', 'marketplace_task', 'marketplace_goldanswer']::regclass[])
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I NOT DEFERRABLE', found.relation, found.conname);
  END LOOP;
END $$;

ALTER TABLE marketplace_slot SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE marketplace_lease SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE marketplace_assignment SET (fillfactor = 90);
ALTER TABLE marketplace_workerrecord SET (fillfactor = 50);
ALTER TABLE marketplace_queue SET (fillfactor = 50);

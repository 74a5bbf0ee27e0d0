DROP SEQUENCE marketplace_slot_rank;

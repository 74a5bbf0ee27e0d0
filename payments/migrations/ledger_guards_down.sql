DROP FUNCTION payments_earning_paid_once() CASCADE;
DROP FUNCTION payments_earning_frozen() CASCADE;
DROP FUNCTION payments_append_only() CASCADE;
DROP FUNCTION payments_tx_balances() CASCADE;
DROP FUNCTION payments_entries_added() CASCADE;
ALTER TABLE payments_ledgertx DROP COLUMN created_xid;
ALTER TABLE payments_ledgeraccount DROP CONSTRAINT ledger_account_id_derived;
DROP FUNCTION payments_share(bigint, integer);
DROP FUNCTION payments_account_id(text, uuid, text);

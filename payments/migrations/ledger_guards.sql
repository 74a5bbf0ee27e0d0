-- What the database itself holds true about money, whoever writes to it. Run once, by the first migration of payments.

-- An account's id follows from what it is, so that the hot path needs no look-up and nobody can choose another. The cast of
-- the owner is written out: the operator without it counts as only stable, and the planner would not inline the function.
CREATE FUNCTION payments_account_id(kind text, owner_id uuid, currency text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(substr(sha256((kind || ':' || owner_id::text || ':' || currency)::bytea), 1, 16), 'hex')::uuid
$$;
ALTER TABLE payments_ledgeraccount
    ADD CONSTRAINT ledger_account_id_derived CHECK (id = payments_account_id(kind, owner_id, currency));

-- A share of an amount in basis points, half-even: the twin of kit.money.half_even, for postings made in sets.
CREATE FUNCTION payments_share(units bigint, bp integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (2 * units * bp + 10000) / 20000
         - ((2 * units * bp + 10000) % 20000 = 0 AND (2 * units * bp + 10000) / 20000 % 2 = 1)::int
$$;

-- Immediate foreign keys, by name: Django's own are checked once more at commit, statement by statement. Entries have none:
-- the trigger below looks at their transaction and account anyway, and neither can be deleted. Earnings have none to their
-- organisation: each check would lock that one row together with every other submission of the client's workers.
ALTER TABLE payments_ledgerbalance
    ADD CONSTRAINT ledger_balance_account FOREIGN KEY (account_id) REFERENCES payments_ledgeraccount (id);
ALTER TABLE payments_earning
    ADD CONSTRAINT earning_worker FOREIGN KEY (worker_id) REFERENCES workers_user (id),
    ADD CONSTRAINT earning_adjusts FOREIGN KEY (adjusts_id) REFERENCES payments_earning (id),
    ADD CONSTRAINT earning_payout FOREIGN KEY (payout_id) REFERENCES payments_payout (id);
ALTER TABLE payments_earningline
    ADD CONSTRAINT earning_line_earning FOREIGN KEY (earning_id) REFERENCES payments_earning (id);
ALTER TABLE payments_batchtally
    ADD CONSTRAINT batch_tally_organisation FOREIGN KEY (organisation_id) REFERENCES workers_organisation (id);

-- Rows that are updated again and again stay on their page.
ALTER TABLE payments_ledgerbalance SET (fillfactor = 20);
ALTER TABLE payments_batchtally SET (fillfactor = 20);

-- A transaction is sealed by the database transaction that made it. The column is unknown to the application.
ALTER TABLE payments_ledgertx ADD COLUMN created_xid xid8 NOT NULL DEFAULT pg_current_xact_id();

-- Entries belong to a transaction of this same database transaction and carry one of its numbers; then balances follow,
-- in order of id, so that two postings never wait for each other in a circle. Index scans only: the plan is kept per session,
-- and one made while the tables were small would read all of them later.
CREATE FUNCTION payments_entries_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    late boolean;
    short text;
BEGIN
    WITH part AS (
        SELECT account.id, account.tracked, account.guarded, account.debit_side,
            sum(fresh.amount)::bigint AS amount, count(*) AS entries,
            bool_or(
                account.id IS NULL OR tx.id IS NULL OR tx.created_xid <> pg_current_xact_id()
                OR fresh.n NOT BETWEEN 1 AND tx.legs
            ) AS late
        FROM fresh
        LEFT JOIN payments_ledgertx tx ON tx.id = fresh.tx_id
        LEFT JOIN payments_ledgeraccount account ON account.id = fresh.account_id
        GROUP BY account.id
    ), moved AS (
        INSERT INTO payments_ledgerbalance AS kept (account_id, amount, entries)
        SELECT part.id, part.amount, part.entries FROM part WHERE part.tracked ORDER BY part.id
        ON CONFLICT (account_id) DO UPDATE
            SET amount = kept.amount + excluded.amount, entries = kept.entries + excluded.entries
        RETURNING account_id, amount
    )
    SELECT bool_or(part.late),
        min(part.id::text) FILTER (
            WHERE part.guarded AND CASE WHEN part.debit_side THEN moved.amount < 0 ELSE moved.amount > 0 END
        )
    INTO late, short
    FROM part LEFT JOIN moved ON moved.account_id = part.id;
    IF late THEN
        RAISE EXCEPTION 'ledger: entries join an account and a transaction of this same database transaction'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_sealed';
    ELSIF short IS NOT NULL THEN
        RAISE EXCEPTION 'ledger: account % would fall below zero', short
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_never_below_zero';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_added AFTER INSERT ON payments_ledgerentry
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments_entries_added();

-- At commit: as many entries as announced, and zero per currency. As every number 1..legs is then taken, a check that was
-- forced early (SET CONSTRAINTS) leaves no room for more.
CREATE FUNCTION payments_tx_balances() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    found bigint;
    uneven boolean;
BEGIN
    SELECT sum(part.legs), bool_or(part.rest <> 0) INTO found, uneven
    FROM (
        SELECT count(*) AS legs, sum(entry.amount) AS rest
        FROM payments_ledgerentry entry JOIN payments_ledgeraccount account ON account.id = entry.account_id
        WHERE entry.tx_id = NEW.id GROUP BY account.currency
    ) AS part;
    IF found IS DISTINCT FROM NEW.legs OR uneven THEN
        RAISE EXCEPTION 'ledger: transaction % does not balance (% of % entries)', NEW.id, found, NEW.legs
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_tx_balances AFTER INSERT ON payments_ledgertx
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_tx_balances();

-- Append-only, even for the owner of the tables. TRUNCATE is refused by rights, as tests flush with it.
CREATE FUNCTION payments_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON payments_ledgeraccount
    FOR EACH STATEMENT EXECUTE FUNCTION payments_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON payments_ledgertx
    FOR EACH STATEMENT EXECUTE FUNCTION payments_append_only();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON payments_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION payments_append_only();
CREATE TRIGGER lines_append_only BEFORE UPDATE OR DELETE ON payments_earningline
    FOR EACH STATEMENT EXECUTE FUNCTION payments_append_only();

-- An earning's promise never changes, and what was decided stays decided.
CREATE FUNCTION payments_earning_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'earning % is decided and frozen', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'earning_frozen';
END $$;
CREATE TRIGGER earning_frozen BEFORE UPDATE ON payments_earning FOR EACH ROW
    WHEN (
        (OLD.worker_id, OLD.organisation_id, OLD.batch_id, OLD.source_kind, OLD.source_id, OLD.currency, OLD.amount_units,
         OLD.fee_units, OLD.from_losses)
        IS DISTINCT FROM
        (NEW.worker_id, NEW.organisation_id, NEW.batch_id, NEW.source_kind, NEW.source_id, NEW.currency, NEW.amount_units,
         NEW.fee_units, NEW.from_losses)
        OR OLD.state <> 'pending' AND (OLD.state, OLD.confirmed_units, OLD.confirmed_fee_units)
           IS DISTINCT FROM (NEW.state, NEW.confirmed_units, NEW.confirmed_fee_units)
    )
    EXECUTE FUNCTION payments_earning_frozen();

-- A payout lets its earnings go only while it is a draft, or after it has come back.
CREATE FUNCTION payments_earning_paid_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (SELECT state FROM payments_payout WHERE id = OLD.payout_id) NOT IN ('draft', 'returned') THEN
        RAISE EXCEPTION 'earning % is in a payout', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'earning_paid_once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER earning_paid_once BEFORE UPDATE ON payments_earning FOR EACH ROW
    WHEN (OLD.payout_id IS NOT NULL AND NEW.payout_id IS DISTINCT FROM OLD.payout_id)
    EXECUTE FUNCTION payments_earning_paid_once();

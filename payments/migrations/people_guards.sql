-- Money moves between two people by one road: their accounts became one, which two people of ops said, and no payout carries it.
CREATE FUNCTION payments_earning_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.payout_id IS NOT NULL OR NEW.payout_id IS NOT NULL OR NOT EXISTS (
        SELECT FROM workers_merge WHERE old_id = OLD.worker_id AND kept_id = NEW.worker_id AND state = 'done'
    ) THEN
        RAISE EXCEPTION 'earning % stays with its worker', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'earning_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER earning_stays_with_its_worker BEFORE UPDATE ON payments_earning FOR EACH ROW
    WHEN (OLD.worker_id IS DISTINCT FROM NEW.worker_id) EXECUTE FUNCTION payments_earning_stays();

DROP TRIGGER earning_frozen ON payments_earning;
CREATE TRIGGER earning_frozen BEFORE UPDATE ON payments_earning FOR EACH ROW
    WHEN (
        (OLD.organisation_id, OLD.batch_id, OLD.source_kind, OLD.source_id, OLD.currency, OLD.amount_units, OLD.fee_units,
         OLD.from_losses)
        IS DISTINCT FROM
        (NEW.organisation_id, NEW.batch_id, NEW.source_kind, NEW.source_id, NEW.currency, NEW.amount_units, NEW.fee_units,
         NEW.from_losses)
        OR OLD.state <> 'pending' AND (OLD.state, OLD.confirmed_units, OLD.confirmed_fee_units)
           IS DISTINCT FROM (NEW.state, NEW.confirmed_units, NEW.confirmed_fee_units)
    )
    EXECUTE FUNCTION payments_earning_frozen();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments_moneymove
    FOR EACH STATEMENT EXECUTE FUNCTION payments_append_only();

DROP TRIGGER append_only ON payments_moneymove;
DROP TRIGGER earning_stays_with_its_worker ON payments_earning;
DROP FUNCTION payments_earning_stays;
DROP TRIGGER earning_frozen ON payments_earning;
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

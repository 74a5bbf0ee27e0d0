-- A grant is never lowered, shortened or deleted, and taken away only by a decision that stands.

CREATE FUNCTION qualification_guard_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'grants are kept' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.worker_id <> OLD.worker_id OR NEW.skill_id <> OLD.skill_id OR NEW.tier < OLD.tier
        OR NEW.expires_at < OLD.expires_at OR (OLD.expires_at IS NULL AND NEW.expires_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'a grant is never lowered or shortened' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'taken' AND OLD.state <> 'taken'
        AND NOT workers_decision_stands(NEW.decision_id, 'grant', NEW.id, NEW.worker_id)
    THEN
        RAISE EXCEPTION 'a grant is not taken away without a decision that stands' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_grant BEFORE UPDATE OR DELETE ON qualification_grant
    FOR EACH ROW EXECUTE FUNCTION qualification_guard_grant();

CREATE FUNCTION qualification_replaced_by_better() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM qualification_grant g
        WHERE g.worker_id = NEW.worker_id AND g.skill_id = NEW.skill_id AND g.tier >= NEW.tier AND g.id <> NEW.id
          AND g.valid_from >= NEW.ended_at
    ) THEN
        RAISE EXCEPTION 'a grant is replaced only by one that is worth as much' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER replaced_by_better AFTER UPDATE OF state ON qualification_grant
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'replaced')
    EXECUTE FUNCTION qualification_replaced_by_better();

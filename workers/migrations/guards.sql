-- What no code gets past: decisions are human, endings rest on them, texts and signatures stay as they are.

CREATE FUNCTION workers_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_standingdecision
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_agreement
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_signature
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();

CREATE FUNCTION workers_decision_is_human() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF jsonb_typeof(NEW.evidence) IS DISTINCT FROM 'array' OR jsonb_array_length(NEW.evidence) < 1 THEN
        RAISE EXCEPTION 'a decision against a person needs evidence' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM workers_opsrole WHERE user_id = NEW.decided_by_id) THEN
        RAISE EXCEPTION 'a decision against a person needs a named person of ops' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER decision_is_human BEFORE INSERT ON workers_standingdecision
    FOR EACH ROW EXECUTE FUNCTION workers_decision_is_human();

-- A decision that stands: about this subject, and not overturned.
CREATE FUNCTION workers_decision_stands(decision uuid, kind text, subject uuid, person uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM workers_standingdecision d
        WHERE d.id = decision AND d.subject_kind = kind AND d.subject_id = subject AND d.person_id = person
          AND NOT EXISTS (
              SELECT FROM workers_appeal a
              WHERE a.subject_kind = 'decision' AND a.subject_id = d.id AND a.outcome IN ('overturned', 'by_silence')
          )
    )
$$;

-- Own wish rests on the person's own row, which runners may not write (payments/db_roles.py).
CREATE FUNCTION workers_guard_standing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.standing <> 'active' THEN
            RAISE EXCEPTION 'a worker begins active' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.standing = 'ended' AND NEW.standing <> 'ended' THEN
        RAISE EXCEPTION 'an ending that is over stays over' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.standing NOT IN ('ending', 'ended') THEN
        RETURN NEW;
    END IF;
    IF NEW.standing = 'ended' AND OLD.standing = 'active' AND NEW.standing_reason = 'own_wish'
        AND EXISTS (SELECT FROM workers_farewell f WHERE f.user_id = NEW.user_id) THEN
        RETURN NEW;
    END IF;
    IF NOT workers_decision_stands(NEW.decision_id, 'standing', NEW.user_id, NEW.user_id) THEN
        RAISE EXCEPTION 'nobody''s work is ended without a decision that stands' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.standing = 'ended' AND (
        OLD.standing <> 'ending'
        OR EXISTS (SELECT FROM workers_standingdecision d WHERE d.id = NEW.decision_id AND d.appeal_until > clock_timestamp())
        OR EXISTS (
            SELECT FROM workers_appeal a
            WHERE a.subject_kind = 'decision' AND a.subject_id = NEW.decision_id AND a.state <> 'decided'
        )
    ) THEN
        RAISE EXCEPTION 'an ending is not over before its appeal is' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_standing_begin BEFORE INSERT ON workers_workerprofile
    FOR EACH ROW EXECUTE FUNCTION workers_guard_standing();
-- Facts and versions change often and pay nothing for this.
CREATE TRIGGER guard_standing BEFORE UPDATE OF standing, decision_id ON workers_workerprofile FOR EACH ROW
    WHEN (OLD.standing IS DISTINCT FROM NEW.standing OR OLD.decision_id IS DISTINCT FROM NEW.decision_id)
    EXECUTE FUNCTION workers_guard_standing();

-- Ops look for people by the beginning of a name or an address.
CREATE INDEX people_by_name_start ON workers_user (lower(name) text_pattern_ops);
CREATE INDEX people_by_email_start ON workers_user (email varchar_pattern_ops);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON workers_farewell
    FOR EACH ROW EXECUTE FUNCTION workers_append_only();

-- Removal by other roads: a worker's row does not vanish, and no runner shuts anybody out of their account.
CREATE FUNCTION workers_nobody_vanishes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a worker is never deleted: statements and payouts stay reachable' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER nobody_vanishes BEFORE DELETE ON workers_workerprofile
    FOR EACH ROW EXECUTE FUNCTION workers_nobody_vanishes();

CREATE FUNCTION workers_nobody_is_shut_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'marketplace_runner' THEN
        RAISE EXCEPTION 'software shuts nobody out of their account' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER nobody_is_shut_out BEFORE UPDATE OF is_active ON workers_user FOR EACH ROW
    WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION workers_nobody_is_shut_out();

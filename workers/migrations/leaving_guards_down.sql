DROP TRIGGER erasure_kept ON workers_erasure;
DROP FUNCTION workers_erasure_kept;
DROP TRIGGER erased_by_wish ON workers_user;
DROP FUNCTION workers_erased_by_wish;
DROP TRIGGER merge_is_human ON workers_merge;
DROP FUNCTION workers_merge_is_human;

-- As they were.
CREATE OR REPLACE FUNCTION workers_guard_standing() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE FUNCTION workers_nobody_is_shut_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'marketplace_runner' THEN
        RAISE EXCEPTION 'software shuts nobody out of their account' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

DROP FUNCTION workers_erasure_is_due;

-- An account that became part of another of the same person ends by the merge that a second person approved; the rest is as it was.
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
    IF NEW.standing = 'ended' AND OLD.standing = 'active' AND NEW.standing_reason = 'merged'
        AND EXISTS (SELECT FROM workers_merge m WHERE m.old_id = NEW.user_id AND m.state = 'done') THEN
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

-- A merge is two people's: a named person of ops each, and never somebody's own.
CREATE FUNCTION workers_merge_is_human() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state <> 'proposed' THEN
        RAISE EXCEPTION 'a merge begins as a proposal' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.old_id, OLD.kept_id, OLD.proposed_by_id) IS DISTINCT FROM (NEW.old_id, NEW.kept_id, NEW.proposed_by_id) THEN
        RAISE EXCEPTION 'a merge is of the accounts that were proposed' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM workers_opsrole WHERE user_id = coalesce(NEW.decided_by_id, NEW.proposed_by_id))
        OR NEW.proposed_by_id IN (NEW.old_id, NEW.kept_id)
        OR NEW.decided_by_id IN (NEW.old_id, NEW.kept_id) THEN
        RAISE EXCEPTION 'a merge needs named people of ops whom it does not concern' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER merge_is_human BEFORE INSERT OR UPDATE OF state, old_id, kept_id, proposed_by_id, decided_by_id ON workers_merge
    FOR EACH ROW EXECUTE FUNCTION workers_merge_is_human();

-- Erasing rests on the person's own wish, which runners may not write (payments/db_roles.py), and on its waiting time.
CREATE FUNCTION workers_erasure_is_due(person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM workers_erasure e WHERE e.user_id = person AND e.taken_back_at IS NULL AND e.due_at <= clock_timestamp()
    )
$$;
CREATE FUNCTION workers_erased_by_wish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL OR NOT workers_erasure_is_due(NEW.id) THEN
        RAISE EXCEPTION 'nobody is erased but by their own wish, and once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER erased_by_wish BEFORE UPDATE OF erased_at ON workers_user FOR EACH ROW
    WHEN (OLD.erased_at IS DISTINCT FROM NEW.erased_at) EXECUTE FUNCTION workers_erased_by_wish();

CREATE OR REPLACE FUNCTION workers_nobody_is_shut_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'marketplace_runner' AND NOT workers_erasure_is_due(NEW.id) THEN
        RAISE EXCEPTION 'software shuts nobody out of their account' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION workers_erasure_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.taken_back_at IS NOT NULL
        OR (OLD.user_id, OLD.asked_at, OLD.due_at) IS DISTINCT FROM (NEW.user_id, NEW.asked_at, NEW.due_at) THEN
        RAISE EXCEPTION 'a wish to be erased can only be taken back' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER erasure_kept BEFORE UPDATE OR DELETE ON workers_erasure FOR EACH ROW EXECUTE FUNCTION workers_erasure_kept();

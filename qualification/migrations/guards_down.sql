DROP TRIGGER replaced_by_better ON qualification_grant;
DROP FUNCTION qualification_replaced_by_better;
DROP TRIGGER guard_grant ON qualification_grant;
DROP FUNCTION qualification_guard_grant;

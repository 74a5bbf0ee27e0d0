"""The one rule format as a condition on the table of workers, so that a rule is counted where the people are."""

from __future__ import annotations

from typing import Any

from marketplace.rules import LANGUAGE_LEVELS, Rule, place_of_level


def as_sql(rule: Rule) -> tuple[str, list[Any]]:
    """The rule as a condition on the row `p` of workers_workerprofile, with its parameters; agrees with `holds`."""
    if "all" in rule or "any" in rule:
        word = "all" if "all" in rule else "any"
        if not rule[word]:
            return "TRUE", []
        parts = [as_sql(part) for part in rule[word]]
        joined = (" AND " if word == "all" else " OR ").join(f"({text})" for text, _params in parts)
        return joined, [param for _text, params in parts for param in params]
    if "not" in rule:
        text, params = as_sql(rule["not"])
        return f"NOT ({text})", params
    return _leaf_sql(rule)


def _leaf_sql(leaf: Rule) -> tuple[str, list[Any]]:
    match leaf["fact"]:
        case "country":
            return "p.country = ANY(%s)", [leaf["in"]]
        case "language":
            enough = list(LANGUAGE_LEVELS[place_of_level(leaf["level"]):])
            return (
                """EXISTS (SELECT 1 FROM jsonb_array_elements(p.languages) AS l
                            WHERE l->>'code' = %s AND l->>'level' = ANY(%s))""",
                [leaf["code"], enough],
            )
        case "skill":
            return (
                """EXISTS (SELECT 1 FROM qualification_grant g JOIN qualification_skill s ON s.id = g.skill_id
                            WHERE g.worker_id = p.user_id AND s.slug = %s AND g.tier >= %s AND g.state = 'live'
                              AND (g.expires_at IS NULL OR g.expires_at > now()))""",
                [leaf["skill"], leaf["tier"]],
            )
        case "credential":
            return (
                """EXISTS (SELECT 1 FROM workers_credential c
                            WHERE c.worker_id = p.user_id AND c.domain = %s AND c.state = 'verified'
                              AND (c.expires_at IS NULL OR c.expires_at > now()))""",
                [leaf["domain"]],
            )
        case "course":
            return (
                """EXISTS (SELECT 1 FROM marketplace_courseprogress k
                            WHERE k.worker_id = p.user_id AND k.course_id = %s::uuid AND k.version >= %s AND k.passed_at IS NOT NULL)""",
                [leaf["project"], leaf["version"]],
            )
        case "exam":
            return (
                """EXISTS (SELECT 1 FROM qualification_attempt x
                            WHERE x.worker_id = p.user_id AND x.series = %s::uuid AND x.guideline >= %s AND x.state = 'passed')""",
                [leaf["exam"], leaf["version"]],
            )
        case "agency":
            return (
                "EXISTS (SELECT 1 FROM workers_teamplace t WHERE t.worker_id = p.user_id AND t.agency_id = %s::uuid AND t.until IS NULL)",
                [leaf["agency"]],
            )
        case "pool":
            return (
                "EXISTS (SELECT 1 FROM marketplace_poolmember m WHERE m.worker_id = p.user_id AND m.pool_id = %s::uuid)",
                [leaf["pool"]],
            )
        case "content":
            return (
                "NOT EXISTS (SELECT 1 FROM workers_setup u WHERE u.worker_id = p.user_id AND u.avoids && %s::varchar[])",
                [leaf["shows"]],
            )
        case _:
            return (
                "coalesce((SELECT sum(r.accepted) FROM marketplace_workerrecord r WHERE r.worker_id = p.user_id), 0) >= %s",
                [leaf["least"]],
            )

//! What `PostgreSQL` says of a table.

use super::database::{Rows, Value};
use super::objects::{Object, ObjectKind};

/// The table, a word for the kind and a text for each object of the tables `$1`,
/// between which are blanks. Whoever may read a table may read this.
pub(super) const STATEMENT: &str = "
WITH it AS (SELECT t.given, c.* FROM unnest(string_to_array($1, ' ')) AS t(given)
    JOIN pg_class c ON c.oid = to_regclass(t.given))
SELECT given, 'relation', CASE
    WHEN relkind = 'r' AND relpersistence = 'p' AND NOT relispartition THEN 'table'
    WHEN relkind = 'v' THEN 'view'
    ELSE 'table of the kind ' || relkind::text || ', ' || relpersistence::text END FROM it
UNION ALL
SELECT given, 'relation', 'table that ' || h.inhrelid::regclass::text || ' inherits'
    FROM it JOIN pg_inherits h ON h.inhparent = it.oid
UNION ALL
SELECT given, 'column', a.attname || ' ' || upper(format_type(a.atttypid, a.atttypmod))
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    || CASE WHEN a.attgenerated <> '' THEN ' GENERATED'
       WHEN a.atthasdef OR a.attidentity <> '' THEN ' DEFAULT' ELSE '' END
    FROM it JOIN pg_attribute a ON a.attrelid = it.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT given, 'unique', '(' || string_agg(a.attname::text, ', ' ORDER BY k.n) || ')'
    FROM it JOIN pg_index i ON i.indrelid = it.oid
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
    JOIN pg_attribute a ON a.attrelid = it.oid AND a.attnum = k.attnum
    WHERE i.indisunique AND i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL AND k.n <= i.indnkeyatts
    GROUP BY given, i.indexrelid
UNION ALL
SELECT given, 'constraint', pg_get_indexdef(i.indexrelid)
    FROM it JOIN pg_index i ON i.indrelid = it.oid
    WHERE i.indisunique AND NOT (i.indisvalid AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL)
UNION ALL
SELECT given, 'constraint', c.conname || ' ' || pg_get_constraintdef(c.oid)
    FROM it JOIN pg_constraint c ON c.conrelid = it.oid WHERE c.contype IN ('c', 'f', 'x')
UNION ALL
SELECT given, 'trigger', t.tgname::text FROM it JOIN pg_trigger t ON t.tgrelid = it.oid
    WHERE NOT t.tgisinternal
UNION ALL
SELECT given, 'rule', r.rulename::text FROM it JOIN pg_rewrite r ON r.ev_class = it.oid
    WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT given, 'rule', 'of row security' FROM it WHERE relrowsecurity OR relforcerowsecurity
UNION ALL
SELECT given, 'rule', 'of policy ' || p.polname FROM it JOIN pg_policy p ON p.polrelid = it.oid
UNION ALL
SELECT given, 'grant', g.privilege_type || ' to '
    || CASE WHEN g.grantee = 0 THEN 'everybody' ELSE g.grantee::regrole::text END
    FROM it CROSS JOIN LATERAL aclexplode(it.relacl) g
    WHERE g.grantee <> it.relowner AND g.privilege_type <> 'SELECT'
UNION ALL
SELECT given, 'grant', g.privilege_type || ' (' || a.attname || ') to '
    || CASE WHEN g.grantee = 0 THEN 'everybody' ELSE g.grantee::regrole::text END
    FROM it JOIN pg_attribute a ON a.attrelid = it.oid
    CROSS JOIN LATERAL aclexplode(a.attacl) g
    WHERE g.grantee <> it.relowner AND g.privilege_type <> 'SELECT'
";

/// The rows of [`STATEMENT`]. None when one is of another form.
pub(super) fn objects(rows: &Rows) -> Option<Vec<(String, Object)>> {
    let objects = rows.iter().map(|row| {
        let [Value::Text(table), Value::Text(kind), Value::Text(text)] = &row[..] else {
            return None;
        };
        let kind = match kind.as_str() {
            "relation" => ObjectKind::Relation,
            "column" => ObjectKind::Column,
            "unique" => ObjectKind::Unique,
            "constraint" => ObjectKind::Constraint,
            "trigger" => ObjectKind::Trigger,
            "rule" => ObjectKind::Rule,
            "grant" => ObjectKind::Grant,
            _ => return None,
        };
        let text = text.clone();
        Some((table.clone(), Object { kind, text }))
    });
    objects.collect()
}

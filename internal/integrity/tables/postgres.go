package tables

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresql reads PostgreSQL 12 and later.
func postgresql() engine {
	return engine{
		name: "PostgreSQL", open: openPostgres, quotes: `""`, page: " LIMIT %d", rowwise: true,
		placeholder: func(n int) string { return "$" + strconv.Itoa(n) },
		begin:       []string{"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"},
		clock:       `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`,
		columns: `SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 0 ELSE 1 END
			FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
		unique: `SELECT i.indexrelid::text, a.attname::text
			FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
			WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL`,
		leads: `SELECT a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
			WHERE n.nspname = $1 AND c.relname = $2 AND i.indisvalid AND i.indpred IS NULL`,
		// The triggers behind foreign keys count only when somebody has put them out of action: their names change with every restore.
		triggers: `SELECT t.tgname::text, CASE WHEN t.tgenabled IN ('O', 'A') THEN 1 ELSE 0 END,
			CASE WHEN t.tgisinternal THEN '' ELSE pg_get_triggerdef(t.oid) || ' ' || p.prosrc END
			FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
			WHERE n.nspname = $1 AND c.relname = $2 AND (NOT t.tgisinternal OR t.tgenabled IN ('D', 'R')) ORDER BY t.tgname`,
		powers: `SELECT p FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
			WHERE n.nspname = $1 AND c.relname = $2 AND has_table_privilege(c.oid, p)`,
		holds:    holdsPostgres,
		read:     func(quoted, _ string) string { return quoted },
		argument: argumentPostgres,
	}
}

func openPostgres(dsn string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the line in the file of the DSN is no address of a PostgreSQL database")
	}
	for name, value := range map[string]string{
		"application_name":              "wardline",
		"timezone":                      "UTC",
		"datestyle":                     "ISO",
		"intervalstyle":                 "iso_8601",
		"default_transaction_read_only": "on",
		"lock_timeout":                  "10s",
	} {
		config.RuntimeParams[name] = value
	}
	return stdlib.OpenDB(*config), nil
}

// holdsPostgres knows the types as format_type writes them. Of those that it does not know the text is taken.
func holdsPostgres(typ string) holds {
	switch name, _ := typeArguments(typ); name {
	case "smallint", "integer", "bigint", "oid":
		return holdsInteger
	case "numeric":
		return holdsDecimal
	case "double precision":
		return holdsFloat
	case "real":
		return holdsReal
	case "boolean":
		return holdsBoolean
	case "bytea":
		return holdsBytes
	case "character":
		return holdsChar
	case "timestamp with time zone":
		return holdsTimestamp
	case "timestamp without time zone":
		return holdsWall
	case "date":
		return holdsDate
	case "time without time zone":
		return holdsClock
	}
	return holdsText
}

// argumentPostgres has the server read each value from its text, as what the column holds; the name of the type is the server's own.
func argumentPostgres(c *column, f parsedField, placeholder string) (string, any) {
	s := c.argument(f)
	if f.Tag == 'x' {
		s = `\x` + hex.EncodeToString([]byte(f.Text))
	}
	return "CAST(" + placeholder + " AS text)::" + c.typ, s
}

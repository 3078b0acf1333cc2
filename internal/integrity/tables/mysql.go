package tables

import (
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// mySQL reads MySQL 5.7 and MariaDB 10.3 and later.
func mySQL() engine {
	return engine{
		name: "MySQL", open: openMySQL, quotes: "``", page: " LIMIT %d",
		placeholder: func(int) string { return "?" },
		begin:       []string{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"},
		clock:       `SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)`,
		columns: `SELECT column_name, column_type, CASE is_nullable WHEN 'NO' THEN 0 ELSE 1 END
			FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
		unique: `SELECT index_name, column_name FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? AND non_unique = 0`,
		leads:  `SELECT column_name FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? AND seq_in_index = 1`,
		triggers: `SELECT trigger_name, 1, CONCAT(action_timing, ' ', event_manipulation, ' ', action_statement)
			FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ? ORDER BY trigger_name`,
		powers: `SELECT DISTINCT privilege_type FROM (
				SELECT privilege_type, grantee, NULL AS s, NULL AS t FROM information_schema.user_privileges
				UNION ALL SELECT privilege_type, grantee, table_schema, NULL FROM information_schema.schema_privileges
				UNION ALL SELECT privilege_type, grantee, table_schema, table_name FROM information_schema.table_privileges) p
			WHERE grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') AND (s IS NULL OR ? LIKE s) AND (t IS NULL OR t = ?)
			AND privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'DROP', 'ALTER', 'SUPER')`,
		storage: `SELECT engine FROM information_schema.tables
			WHERE table_schema = ? AND table_name = ? AND table_type = 'BASE TABLE' AND engine NOT IN ('InnoDB', 'RocksDB', 'ndbcluster')`,
		unfit:    []string{"enum", "set"}, // sorted by the place in their list, compared as text
		holds:    holdsMySQL,
		read:     readMySQL,
		argument: argumentMySQL,
	}
}

func openMySQL(dsn string) (*sql.DB, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, errors.New("the line in the file of the DSN is no address of a MySQL database")
	}
	config.ParseTime = false // days such as 0000-00-00 are no times
	config.MultiStatements, config.AllowAllFiles = false, false
	config.InterpolateParams = true
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["time_zone"] = "'+00:00'"
	config.Params["sql_mode"] = "''" // a backslash escapes, as the driver takes it, and CHAR is read without its padding
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, errors.New("the line in the file of the DSN is no address of a MySQL database")
	}
	return sql.OpenDB(connector), nil
}

// holdsMySQL takes tinyint(1) for the number that it is: whether it means true and false is declared. A BIT is read as a number.
func holdsMySQL(typ string) holds {
	name, _ := typeArguments(typ)
	switch word, _, _ := strings.Cut(name, " "); word {
	case "tinyint", "smallint", "mediumint", "int", "integer", "bigint", "bit", "year":
		return holdsInteger
	case "decimal", "numeric":
		return holdsDecimal
	case "double":
		return holdsFloat
	case "float":
		return holdsReal
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point":
		return holdsBytes
	case "char":
		return holdsChar
	case "timestamp":
		return holdsTimestamp
	case "datetime":
		return holdsWall
	case "date":
		return holdsDate
	case "time":
		return holdsClock
	}
	return holdsText
}

// readMySQL selects what the server would round for display, or give as bare bits, as the number that it is.
func readMySQL(quoted, typ string) string {
	switch name, _ := typeArguments(typ); name {
	case "float", "float unsigned":
		return "(" + quoted + " + 0e0)"
	case "bit":
		return "(" + quoted + " + 0)"
	}
	return quoted
}

// argumentMySQL keeps the server from comparing long numbers as floats, in which neighbours are the same.
func argumentMySQL(c *column, f parsedField, placeholder string) (string, any) {
	if n, err := strconv.ParseInt(f.Text, 10, 64); err == nil && f.Tag == 'i' {
		return placeholder, n
	}
	switch {
	case f.Tag == 'd' || f.Tag == 'i':
		return "CAST(" + placeholder + " AS DECIMAL(65,30))", f.Text
	case f.Tag == 'u':
		return "CAST(" + placeholder + " AS DATETIME(6))", c.argument(f)
	case f.Tag == 'x':
		return placeholder, []byte(f.Text)
	}
	return placeholder, c.argument(f)
}

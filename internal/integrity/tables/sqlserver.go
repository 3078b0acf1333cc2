package tables

import (
	"cmp"
	"database/sql"
	"errors"
	"strconv"

	mssql "github.com/microsoft/go-mssqldb"
)

// sqlServer reads SQL Server 2016 and later. Its snapshots must be allowed: ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON.
// A transaction of its own cannot be made to read only, so that all rests on the rights of the account.
func sqlServer() engine {
	const object = ` = OBJECT_ID(QUOTENAME(@p1) + N'.' + QUOTENAME(@p2))`
	return engine{
		name: "SQL Server", open: openSQLServer, quotes: "[]", page: " OFFSET 0 ROWS FETCH NEXT %d ROWS ONLY",
		placeholder: func(n int) string { return "@p" + strconv.Itoa(n) },
		begin:       []string{"SET TRANSACTION ISOLATION LEVEL SNAPSHOT", "BEGIN TRANSACTION"},
		clock:       `SELECT CONVERT(varchar(26), SYSUTCDATETIME(), 121)`,
		columns: `SELECT c.name, CASE WHEN t.name IN ('decimal', 'numeric') THEN CONCAT(t.name, '(', c.precision, ',', c.scale, ')') ELSE t.name END, CAST(c.is_nullable AS int)
			FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.system_type_id WHERE c.object_id` + object + ` ORDER BY c.column_id`,
		unique: `SELECT CAST(i.index_id AS varchar(12)), c.name FROM sys.indexes i
			JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.key_ordinal > 0
			JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
			WHERE i.is_unique = 1 AND i.has_filter = 0 AND i.is_disabled = 0 AND i.object_id` + object,
		leads: `SELECT c.name FROM sys.indexes i
			JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id AND ic.key_ordinal = 1
			JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
			WHERE i.has_filter = 0 AND i.is_disabled = 0 AND i.object_id` + object,
		triggers: `SELECT name, 1 - CAST(is_disabled AS int), COALESCE(OBJECT_DEFINITION(object_id), N'unknown') FROM sys.triggers WHERE parent_id` + object + ` ORDER BY name`,
		powers: `SELECT v FROM (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('ALTER')) AS p (v)
			WHERE HAS_PERMS_BY_NAME(QUOTENAME(@p1) + N'.' + QUOTENAME(@p2), 'OBJECT', v) = 1`,
		unfit:    []string{"datetime", "datetime2", "datetimeoffset"},
		holds:    holdsSQLServer,
		read:     readSQLServer,
		argument: argumentSQLServer,
	}
}

func openSQLServer(dsn string) (*sql.DB, error) {
	connector, err := mssql.NewConnector(dsn)
	if err != nil { // which would tell the password
		return nil, errors.New("the line in the file of the DSN is no address of a SQL Server database")
	}
	return sql.OpenDB(connector), nil
}

func holdsSQLServer(typ string) holds {
	switch name, _ := typeArguments(typ); name {
	case "tinyint", "smallint", "int", "bigint":
		return holdsInteger
	case "decimal", "numeric", "money", "smallmoney":
		return holdsDecimal
	case "float":
		return holdsFloat
	case "real":
		return holdsReal
	case "bit":
		return holdsBoolean
	case "binary", "varbinary", "image", "timestamp", "rowversion", "hierarchyid", "geometry", "geography":
		return holdsBytes
	case "char", "nchar":
		return holdsChar
	case "datetimeoffset":
		return holdsTimestamp
	case "datetime", "datetime2", "smalldatetime":
		return holdsWall
	case "date":
		return holdsDate
	case "time":
		return holdsClock
	}
	return holdsText
}

// readSQLServer selects as text what the driver gives in a form of its own.
func readSQLServer(quoted, typ string) string {
	switch name, _ := typeArguments(typ); name {
	case "uniqueidentifier":
		return "LOWER(CONVERT(varchar(36), " + quoted + "))"
	case "time":
		return "CONVERT(varchar(16), " + quoted + ")"
	case "money", "smallmoney":
		return "CONVERT(varchar(32), CAST(" + quoted + " AS decimal(19,4)))"
	case "sql_variant", "xml":
		return "CONVERT(nvarchar(max), " + quoted + ")"
	case "hierarchyid", "geometry", "geography":
		return "CONVERT(varbinary(max), " + quoted + ")"
	}
	return quoted
}

// argumentSQLServer has the server read a text as what the column holds. An argument of another kind of text than the column's would keep
// it from using the index.
func argumentSQLServer(c *column, f parsedField, placeholder string) (string, any) {
	name, _ := typeArguments(c.typ)
	if n, err := strconv.ParseInt(f.Text, 10, 64); err == nil && f.Tag == 'i' {
		return placeholder, n
	}
	switch {
	case name == "uniqueidentifier":
		return "CONVERT(uniqueidentifier, " + placeholder + ")", f.Text
	case f.Tag == 'd' && c.holds == holdsDecimal:
		return "CONVERT(decimal(38," + cmp.Or(scale(c.typ), "4") + "), " + placeholder + ")", f.Text
	case f.Tag == 'u' && c.holds == holdsWall:
		return "CONVERT(datetime2(6), " + placeholder + ")", c.argument(f)
	case f.Tag == 'u':
		return "CONVERT(datetimeoffset(6), " + placeholder + ")", c.argument(f)
	case f.Tag == 'c':
		return "CONVERT(date, " + placeholder + ")", f.Text
	case f.Tag == 'x':
		return placeholder, []byte(f.Text)
	case name == "char" || name == "varchar":
		return placeholder, mssql.VarChar(f.Text)
	}
	return placeholder, f.Text
}

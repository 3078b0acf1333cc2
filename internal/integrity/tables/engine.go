package tables

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
)

// engine is what a kind of database does in its own way. The statements about the catalogue take the schema and the name of a table.
type engine struct {
	name        string
	open        func(dsn string) (*sql.DB, error)
	quotes      string // what stands before and after a name; the second is doubled within
	placeholder func(n int) string
	page        string   // behind a statement that is ordered, to bound its rows; %d is their number
	begin       []string // statements that begin to read one moment

	clock    string // the time of the database: year to microsecond, UTC, as text
	columns  string // name, type, 1 when it may be NULL; in the table's order
	unique   string // index, column of each unique index
	leads    string // column that each index begins with
	triggers string // name, 1 when it acts, what it does
	powers   string // rights of the account that it should not have
	storage  string // where the table lies that no snapshot covers; empty when that cannot be

	holds    func(typ string) holds
	read     func(quoted, typ string) string                                           // how a column is selected
	argument func(c *column, f parsedField, placeholder string) (term string, arg any) // how a value is compared with a column
	unfit    []string                                                                  // types that are not sorted as they are compared, or finer than a microsecond: no keys
	rowwise  bool                                                                      // (a, b) > (1, 2) uses an index
}

func engineNamed(name string) (engine, bool) {
	switch name {
	case "postgresql":
		return postgresql(), true
	case "mysql":
		return mySQL(), true
	case "sqlserver":
		return sqlServer(), true
	}
	return engine{}, false
}

// quote makes a name safe in a statement, whatever is in it.
func (e *engine) quote(name string) string {
	end := e.quotes[1:]
	return e.quotes[:1] + strings.ReplaceAll(name, end, end+end) + end
}

// plain says what a database refuses without its own words, which may quote what stands in a row.
func plain(doing string, err error) error {
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	var ms mssql.Error
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, context.DeadlineExceeded)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the connection broke: %w", doing, io.ErrUnexpectedEOF)
	case errors.As(err, &pg):
		return fmt.Errorf("%s: PostgreSQL says %s%s", doing, pg.Code, meaning(pg.Code))
	case errors.As(err, &my):
		return fmt.Errorf("%s: MySQL says %d%s", doing, my.Number, meaning(strconv.Itoa(int(my.Number))))
	case errors.As(err, &ms):
		return fmt.Errorf("%s: SQL Server says %d%s", doing, ms.Number, meaning(strconv.Itoa(int(ms.Number))))
	case errors.As(err, &network):
		return fmt.Errorf("%s: the database cannot be reached: %w", doing, network)
	}
	return fmt.Errorf("%s: the connection or the driver failed (%T)", doing, err)
}

// meaning explains the codes that a person can do something about.
func meaning(code string) string {
	switch code {
	case "42501", "1142", "1143", "229", "230":
		return ": the account may not read this"
	case "42P01", "1146", "208":
		return ": there is no such table"
	case "42703", "1054", "207":
		return ": there is no such column"
	case "28P01", "28000", "1045", "18456":
		return ": the account or its password is wrong"
	case "3D000", "1044", "1049", "4060":
		return ": there is no such database, or the account may not use it"
	case "57014", "1317", "3024", "1969":
		return ": it was cancelled or took too long"
	case "3952":
		return ": the database does not allow snapshots: ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON"
	}
	return ""
}

// typeArguments cuts a type such as "decimal(10,2) unsigned" into its name, "decimal unsigned", and what stands in parentheses.
func typeArguments(typ string) (name, arguments string) {
	before, rest, found := strings.Cut(strings.ToLower(typ), "(")
	if !found {
		return before, ""
	}
	arguments, after, _ := strings.Cut(rest, ")")
	return before + after, arguments
}

// scale is how many digits behind the point a type has that says so.
func scale(typ string) string {
	_, arguments := typeArguments(typ)
	_, digits, _ := strings.Cut(arguments, ",")
	return digits
}

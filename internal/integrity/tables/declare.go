package tables

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/content/span"
	"github.com/wardline/wardline/content/strict"
)

// maxDeclaration is how many bytes a declaration may have.
const maxDeclaration = 1 << 20

const (
	mostTables  = 1000
	mostColumns = 1000 // of one table; SQL Server has 1024, PostgreSQL 1600
	longestName = 128  // in characters; SQL Server's
)

// Declaration says which tables of one database matter, and how they are read. It is one YAML file for each database.
type Declaration struct {
	// System is what the house calls the system, such as LIS. What is known of its tables is kept under this name.
	System string `yaml:"system"`

	// Engine is postgresql, mysql (MariaDB too) or sqlserver.
	Engine string `yaml:"engine"`

	// DSN is the whole path of a file in which one line says where the database is, and by which account it is read. The account should have the right
	// to read the tables and no other; better still it reads a replica. The forms of the line:
	//
	//	postgresql  postgres://reader:secret@host:5432/lis?sslmode=verify-full
	//	mysql       reader:secret@tcp(host:3306)/lis?tls=true
	//	sqlserver   sqlserver://reader:secret@host:1433?database=lis
	DSN string `yaml:"dsn"`

	// Zone is the place (Europe/Berlin) whose clock the columns show that have times without a zone: UTC when left out.
	Zone string `yaml:"zone"`

	// Rate is how many rows a second may be read: 5000 when left out.
	Rate int `yaml:"rate"`

	// Page is how many rows are asked for at once: 2000 when left out.
	Page int `yaml:"page"`

	// Young is how old a change must be before other systems can be expected to have heard of it (5m). It is also how long a
	// transaction may have been under way when a sweep came by.
	Young span.Span `yaml:"young"`

	// Tables are what is read of it.
	Tables []Table `yaml:"tables"`

	zone *time.Location
}

// Table is one table, or a view, of a database. Its key, content, version, updated and deleted columns are what
// its rows are compared by; the others are not read.
type Table struct {
	// Schema is the schema that holds the table; with mysql, the database.
	Schema string `yaml:"schema"`

	// Name is the table's name.
	Name string `yaml:"name"`

	// Kind is what the rows mean: result, drug, order, note, master data, or another word of the house. It is kept for those who show what was found.
	Kind string `yaml:"kind"`

	// Harm is high where a wrong value hurts a patient soon, as with blood groups, allergies and dose limits; normal when left out.
	// Half of each sample is taken from tables with high harm.
	Harm string `yaml:"harm"`

	// Key lists the columns that tell the rows apart. None of them may be NULL, and a unique index should hold them.
	Key []string `yaml:"key"`

	// Content lists the columns that say something: the value, the unit, the patient, the author.
	Content []string `yaml:"content"`

	// Version is a column that grows with every proper change: a counter, or a time.
	Version string `yaml:"version"`

	// Updated is a column with the time at which the application changed the row last.
	Updated string `yaml:"updated"`

	// Fresh says that an index leads Updated, so that rows written lately may be read every few minutes.
	Fresh bool `yaml:"fresh"`

	// Deleted is a column by which the application marks a row as deleted. A row is marked when it holds something else than
	// nothing, 0, false, an empty text, or one of Live.
	Deleted string `yaml:"deleted"`

	// Live lists the values of Deleted that a row has which is not deleted, such as A or active.
	Live []string `yaml:"live"`

	// Ascending says that new rows get rising numbers as their key, which is then one column of whole numbers. A new row with a lower one was
	// slipped in.
	Ascending bool `yaml:"ascending"`

	// Types says of a column what it holds, where the database does not say it or is wrong: text, char, integer, decimal, float,
	// real, boolean, bytes, timestamp, wall (a time without a zone), date or clock (a time of day). Tables of two databases that say
	// the same here have the same digests for the same rows.
	Types map[string]string `yaml:"types"`

	// Means says, by field of the assertion that a row makes (patient, code, value, unit, time, performer), which column holds it.
	// It is kept for those who compare systems with each other.
	Means map[string]string `yaml:"means"`
}

// Parse reads a declaration and fills in what was left out. A key that is not known is refused with its line, as is what cannot be
// meant. It looks neither at the file of the DSN nor at the database: see Source.Check.
func Parse(text []byte) (Declaration, error) {
	var d Declaration
	if err := strict.Decode(text, &d); err != nil {
		return Declaration{}, fmt.Errorf("read declaration: %w", err)
	}
	if err := d.complete(); err != nil {
		return Declaration{}, fmt.Errorf("read declaration: %w", err)
	}
	return d, nil
}

// Load reads the declaration in a file.
func Load(path string) (Declaration, error) {
	text, err := strict.ReadFile(path, maxDeclaration)
	if err != nil {
		return Declaration{}, fmt.Errorf("read declaration: %w", err)
	}
	d, err := Parse(text)
	if err != nil {
		return Declaration{}, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func (d *Declaration) complete() error {
	d.Rate, d.Page = cmp.Or(d.Rate, 5000), cmp.Or(d.Page, 2000)
	d.Young = cmp.Or(d.Young, span.Span(5*time.Minute))
	_, known := engineNamed(d.Engine)
	switch {
	case !isName(d.System):
		return errors.New("system: say what the house calls the system, such as LIS")
	case !known:
		return errors.New("engine: it is none of postgresql, mysql, sqlserver")
	case !filepath.IsAbs(d.DSN) || !isName(filepath.Base(d.DSN)) || strings.ContainsFunc(d.DSN, unicode.IsControl):
		return errors.New("dsn: name the file that says where the database is by its whole path; what it says does not belong here")
	case d.Rate < 1 || d.Page < 1 || d.Page > 100_000:
		return errors.New("rate must be at least 1, and page 1 to 100000")
	case len(d.Tables) == 0 || len(d.Tables) > mostTables:
		return fmt.Errorf("tables: name at least one and at most %d", mostTables)
	}
	var err error
	if d.zone, err = time.LoadLocation(d.Zone); err != nil || d.Zone == "Local" {
		return errors.New("zone: it is no place such as Europe/Berlin")
	}
	names := map[string]bool{}
	for i := range d.Tables {
		t := &d.Tables[i]
		if err := t.complete(); err != nil {
			return fmt.Errorf("table %d: %w", i+1, err)
		}
		if names[t.String()] {
			return fmt.Errorf("table %d: %s is declared twice", i+1, t)
		}
		names[t.String()] = true
	}
	return nil
}

// String is the name by which people know the table.
func (t *Table) String() string { return t.Schema + "." + t.Name }

func (t *Table) complete() error {
	t.Harm = cmp.Or(t.Harm, "normal")
	columns := t.columns()
	switch {
	case !isName(t.Schema) || !isName(t.Name):
		return errors.New("schema and name must be stated")
	case strings.ContainsRune(t.Schema, '.'):
		return errors.New("schema: one with a full stop in its name cannot be told from a table's")
	case t.Harm != "high" && t.Harm != "normal":
		return errors.New("harm: it is neither high nor normal")
	case len(t.Key) == 0 || len(t.Content) == 0:
		return errors.New("key and content: name at least one column of each")
	case t.Ascending && len(t.Key) != 1:
		return errors.New("ascending: the key is one column then")
	case t.Fresh && t.Updated == "":
		return errors.New("fresh: no column is declared that tells when a row was updated")
	case len(t.Live) > 0 && t.Deleted == "":
		return errors.New("live: no column is declared that marks deleted rows")
	case len(columns) > mostColumns:
		return fmt.Errorf("%d columns, at most %d are read", len(columns), mostColumns)
	}
	for i, column := range columns {
		if !isName(column) {
			return errors.New("a column has no name, or one that cannot be")
		}
		if slices.Contains(columns[:i], column) {
			return fmt.Errorf("column %s stands twice: each has one use", column)
		}
	}
	return t.completeMaps(columns)
}

func (t *Table) completeMaps(columns []string) error {
	for column, kind := range t.Types {
		if !slices.Contains(columns, column) {
			return fmt.Errorf("types: %s is none of the columns that are read", column)
		}
		if _, ok := kindNamed(kind); !ok {
			return fmt.Errorf("types: what %s is said to hold is none of %s", column, strings.Join(kindNames(), ", "))
		}
	}
	for field, column := range t.Means {
		if !isName(field) || !slices.Contains(columns, column) {
			return errors.New("means: a field has no name, or its column is none of those that are read")
		}
	}
	return nil
}

// columns are those that are read, in the order of a canonical row: the key comes first.
func (t *Table) columns() []string {
	list := slices.Concat(t.Key, t.Content)
	for _, column := range []string{t.Version, t.Updated, t.Deleted} {
		if column != "" {
			list = append(list, column)
		}
	}
	return list
}

// isName tells whether a database could know something by that name.
func isName(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= longestName && !strings.ContainsFunc(s, unicode.IsControl)
}

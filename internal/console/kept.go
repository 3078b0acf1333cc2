package console

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/store"
)

//go:embed schema
var schema embed.FS

// keptQuestion is a question that somebody kept.
type keptQuestion struct {
	ID, Name, Asker string
	Query           keptQuery
}

// keptQuery is a question as it lies in the database: without times, which are chosen anew.
type keptQuery struct {
	Text   string        `json:"text,omitempty"`
	Fields []index.Field `json:"fields,omitempty"`
	Last   string        `json:"last"`
}

// How much is kept for good of what people asked.
const (
	mostKept      = 200
	mostKeptBytes = 4 << 20 / 3 // sealed: a mebibyte as it was written
)

func (c *Console) keptQuestions(ctx context.Context) ([]keptQuestion, error) {
	rows, err := c.DB.QueryContext(ctx, `SELECT id, name, asker, query FROM kept_questions ORDER BY id LIMIT $1`, mostKept)
	if err != nil {
		return nil, fmt.Errorf("list kept questions: %w", err)
	}
	defer rows.Close()
	var all []keptQuestion
	for rows.Next() {
		var k keptQuestion
		var text string
		if err := rows.Scan(&k.ID, &k.Name, &k.Asker, &text); err != nil {
			return nil, fmt.Errorf("list kept questions: %w", err)
		}
		if err := c.openQuestion(&k, text); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	slices.SortStableFunc(all, func(a, b keptQuestion) int { return strings.Compare(a.Name, b.Name) })
	return all, rows.Err()
}

func (c *Console) keptQuestion(ctx context.Context, id string) (keptQuestion, error) {
	k := keptQuestion{ID: id}
	var text string
	err := c.DB.QueryRowContext(ctx, `SELECT name, asker, query FROM kept_questions WHERE id = $1`, id).Scan(&k.Name, &k.Asker, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return k, errAbsent
	}
	if err != nil {
		return k, fmt.Errorf("read a kept question: %w", err)
	}
	return k, c.openQuestion(&k, text)
}

// What people wrote is sealed for this: it may name a patient.
const sealedQuestion = "kept question"

// openQuestion opens the name of a question and what it asks.
func (c *Console) openQuestion(k *keptQuestion, query string) error {
	v := c.Veil.Vault()
	name, err := v.OpenText(k.Name, sealedQuestion)
	if err != nil {
		return fmt.Errorf("read a kept question: %w", err)
	}
	k.Name = name
	if query, err = v.OpenText(query, sealedQuestion); err == nil {
		err = json.Unmarshal([]byte(query), &k.Query)
	}
	if err != nil {
		return fmt.Errorf("read a kept question: %w", err)
	}
	return nil
}

// sealOlder seals what a version wrote that had no vault.
func (c *Console) sealOlder(ctx context.Context) error {
	for _, name := range []string{"name", "query"} {
		err := store.Rewrite(ctx, c.DB, store.Column{Table: "kept_questions", Key: "id", Name: name}, func(_, text string) (string, error) {
			return c.Veil.Vault().SealOld(text, sealedQuestion)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Console) keepQuestion(ctx context.Context, name, asker string, q keptQuery) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	text, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("write a question: %w", err)
	}
	sealed, err := c.Veil.Vault().SealText(store.Text(string(text)), sealedQuestion)
	if err != nil {
		return fmt.Errorf("seal a question: %w", err)
	}
	if name, err = c.Veil.Vault().SealText(store.Text(name), sealedQuestion); err != nil {
		return fmt.Errorf("seal a question: %w", err)
	}
	return c.DB.Do(ctx, func(tx *sql.Tx) error {
		var n, bytes int
		if err := tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(octet_length(query)), 0) FROM kept_questions`).Scan(&n, &bytes); err != nil {
			return err
		}
		if bytes+len(sealed) > mostKeptBytes {
			return &mistake{"The questions that are kept are a mebibyte long already: forget one first."}
		}
		if n >= mostKept {
			return &mistake{"Two hundred questions are kept already: forget one first."}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO kept_questions (id, name, asker, made, query) VALUES ($1, $2, $3, $4, $5)`,
			id.String(), name, asker, store.At(c.Now()), sealed)
		return err
	})
}

func (c *Console) forgetQuestion(ctx context.Context, id string) error {
	_, err := c.DB.ExecContext(ctx, `DELETE FROM kept_questions WHERE id = $1`, id)
	return err
}

// call notes what others call somebody who has signed in.
func (c *Console) call(ctx context.Context, id, name string) error {
	_, err := c.DB.ExecContext(ctx, `INSERT INTO callers (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name`, id, store.Text(name))
	if err != nil {
		return fmt.Errorf("note who signed in: %w", err)
	}
	return nil
}

// called is what others call the person of that id.
func (c *Console) called(ctx context.Context, id string) string {
	var name string
	if err := c.DB.QueryRowContext(ctx, `SELECT name FROM callers WHERE id = $1`, id).Scan(&name); err != nil {
		return "Somebody"
	}
	return page.Clean(name, 60)
}

// untouched tells whether nobody has ever signed in.
func (c *Console) untouched(ctx context.Context) bool {
	var n int
	err := c.DB.QueryRowContext(ctx, `SELECT count(*) FROM callers`).Scan(&n)
	return err == nil && n == 0
}

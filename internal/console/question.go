package console

import (
	"crypto/rand"
	"sync"

	"github.com/wardline/wardline/internal/index"
)

// questions keeps what people asked, so that an address shows none of it: a question may name a patient, and
// addresses end in histories and logs. Each is for who asked it, and is forgotten when newer ones come.
type questions struct {
	mu    sync.Mutex
	byID  map[string]asked // guarded by mu
	order []string         // oldest first; guarded by mu
	bytes int              // what all of them take; guarded by mu
}

// asked is one question.
type asked struct {
	by    string // id of the actor
	query index.Query
	last  string // the time that was chosen by its name, such as 24h
}

// How much is kept of what people asked.
const (
	mostQuestions     = 2000
	mostQuestionBytes = 4 << 20
)

// size is about what a question takes.
func (a *asked) size() int {
	n := 200 + len(a.by) + len(a.last) + len(a.query.Text)
	for _, f := range a.query.Fields {
		n += 50 + len(f.Name) + len(f.Op) + len(f.Value)
	}
	return n
}

func newQuestions() *questions { return &questions{byID: map[string]asked{}} }

// keep returns the id under which the question is found.
func (q *questions) keep(a asked) string {
	id := rand.Text()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.byID[id] = a
	q.order = append(q.order, id)
	q.bytes += a.size()
	for len(q.order) > 1 && (len(q.order) > mostQuestions || q.bytes > mostQuestionBytes) {
		oldest := q.byID[q.order[0]]
		q.bytes -= oldest.size()
		delete(q.byID, q.order[0])
		q.order = q.order[1:]
	}
	return id
}

// of returns the question of that id if this actor asked it.
func (q *questions) of(id, by string) (asked, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a, ok := q.byID[id]
	return a, ok && a.by == by
}

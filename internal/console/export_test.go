package console

import "github.com/wardline/wardline/internal/access"

// Served is one route as tests walk them.
type Served struct {
	Pattern, API string
	Verb         access.Verb
}

// Table lists all routes.
func Table() []Served {
	var all []Served
	for _, r := range table() {
		all = append(all, Served{r.pattern, r.api, r.verb})
	}
	return all
}

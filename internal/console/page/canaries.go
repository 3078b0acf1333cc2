package page

// Canaries says which decoys there are, and whether anybody touched one.
type Canaries struct {
	Frame
	Views []Tab
	Now   *Now // what was touched last, while it is news
	Rows  []CanaryRow
	Off   string // what to do where nobody watches them
}

// CanaryRow is one decoy.
type CanaryRow struct {
	Name, URL, From, Looked, Last, Allowed string
	Found                                  Link // where its last trip is judged
	State                                  State
}

// Canary is one decoy with what its silence rests on.
type Canary struct {
	Frame
	URL   string // below which its acts are
	Todo  string // what a person has to do with what was just made
	Made  []Pair // shown once
	Facts []Pair
	Found Link
	Marks []Pair // empty until somebody asks
	Allow []AllowRow
}

// AllowRow is somebody who may touch a decoy.
type AllowRow struct {
	Who, Owner, Why, Until string
	State                  State
}

// AddCanary asks what decoy shall be made.
type AddCanary struct {
	Frame
	Kinds            []Choice
	Where, Base, Why string
}

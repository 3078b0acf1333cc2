package continuity

// ProbeSigns is what a test sees of what is told of a server.
var ProbeSigns = probed

// Known is how many feeds are known.
func (e *Engine) Known() int { return len(e.order) }

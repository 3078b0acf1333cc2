package continuity

// ProbeSigns is what a test sees of what is told of a server.
var ProbeSigns = probed

// Package bench holds Wardline's speed against the best that others offer, in one run on one
// machine. It is a module of its own: what stands beside us here never reaches the product.
// README.md says how to run it and how to read what it prints.
package bench

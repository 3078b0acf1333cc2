// Package sample chooses what is read back of a system besides whole sweeps: how much, of which parts, and which.
package sample

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// Size is how many things must be looked at to find, with so much confidence, at least one when so large a share of them was falsified:
// ln(1-confidence)/ln(1-share). Both lie between 0 and 1; 0.001 and 0.95 make 2,995. It is 0 for what cannot be.
func Size(share, confidence float64) int {
	if !(share > 0 && share < 1 && confidence > 0 && confidence < 1) {
		return 0
	}
	n := math.Ceil(math.Log1p(-confidence) / math.Log1p(-share))
	return int(min(n, math.MaxInt32))
}

// Part is what is known of one part of a system: a table, a type of resources.
type Part struct {
	Count int64 // of things that are there
	High  bool  // a wrong value hurts a patient soon
}

// Shares divides a sample of n things among parts: half of it to those with high harm, and within each half by their counts. What one half has nothing for
// the other gets.
func Shares(n int, parts []Part) []int {
	var high, normal int64
	for _, p := range parts {
		if p.High {
			high += p.Count
		} else {
			normal += p.Count
		}
	}
	forHigh := max(int64(n+1)/2, int64(n)-normal)
	forNormal := max(int64(n)-forHigh, int64(n)-high)
	shares := make([]int, len(parts))
	for i, p := range parts {
		part, of := forNormal, normal
		if p.High {
			part, of = forHigh, high
		}
		if of > 0 {
			shares[i] = int(min(p.Count, int64(math.Ceil(float64(part)*float64(p.Count)/float64(of)))))
		}
	}
	return shares
}

// Dice choose. Whoever can foretell their source knows what will not be looked at. They serve any number of goroutines.
type Dice struct {
	mu     sync.Mutex
	source rand.Source
}

// NewDice returns dice that ask a source, one goroutine at a time.
func NewDice(source rand.Source) *Dice { return &Dice{source: source} }

// Draw returns n different numbers below total, sorted, each as likely as the others; all of them when n is no smaller.
func (d *Dice) Draw(total int64, n int) []int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	dice := rand.New(d.source)
	if int64(n) >= total {
		n = int(total)
	}
	// Floyd's way needs no memory for what is not chosen.
	chosen := make(map[int64]struct{}, n)
	for i := total - int64(n); i < total; i++ {
		p := dice.Int64N(i + 1)
		if _, twice := chosen[p]; twice {
			p = i
		}
		chosen[p] = struct{}{}
	}
	list := make([]int64, 0, n)
	for p := range chosen {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

// Number returns one below n, which is above 0.
func (d *Dice) Number(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return rand.New(d.source).IntN(n)
}

package chart

import "math"

// odds is how often a sign is seen of what is written here: of all, and of what comes late. A sign is worth what it is rare, so that a house whose
// rosters are wrong, or whose clerks type all times by hand, is not told so every day.
type odds struct {
	Of     int64 `json:"of"`
	All    int64 `json:"all"`
	LateOf int64 `json:"lateOf"`
	Late   int64 `json:"late"`
}

func (o *odds) add(holds, late bool) {
	o.All++
	if late {
		o.Late++
	}
	if holds {
		o.Of++
		if late {
			o.LateOf++
		}
	}
}

// How much has to be seen before it is believed.
const (
	enough     = 200 // of all, before rarity speaks
	enoughLate = 100 // late ones, before they do
	repeated   = 3   // of them with the sign: fewer may be those that are looked for
)

// weigh is the weight of the sign: most at most, and unknown while too little was seen.
func (o *odds) weigh(most, unknown int) int {
	w := unknown
	if o.All >= enough {
		w = worth(o.Of, o.All, 10, most)
	}
	if o.Late >= enoughLate && o.LateOf >= repeated {
		w = min(w, worth(o.LateOf, o.Late, 10, most))
	}
	return w
}

// worth is ten times the logarithm of how rare something is, less what a sign has to bring before it says anything: false notes are far rarer than
// honest ones that look strange.
func worth(of, all int64, less, most int) int {
	return min(max(int(math.Round(10*math.Log10(float64(all+1)/float64(of+1))))-less, 0), most)
}

// oddsOf is what is known of one sign.
func (k *manner) oddsOf(sign string) *odds {
	o := k.Odds[sign]
	if o == nil {
		if k.Odds == nil {
			k.Odds = map[string]*odds{}
		}
		o = &odds{}
		k.Odds[sign] = o
	}
	return o
}

// learn notes whether a sign holds, where that is known.
func (k *manner) learn(sign string, holds Truth, late bool) {
	if holds != Unknown {
		k.oddsOf(sign).add(holds == Yes, late)
	}
}

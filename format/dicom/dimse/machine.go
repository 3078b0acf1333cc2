package dimse

// Phase is how far an association has come, for one side (PS3.8 9.2.1; the states there in brackets).
type Phase uint8

// The phases.
const (
	Idle      Phase = iota // nothing was said [1 and 4, or 2]
	Asking                 // the answer to our request is awaited [5]
	Deciding               // the other awaits our answer [3]
	Open                   // commands and data sets may go both ways [6]
	Releasing              // we asked for the end, and still take in what comes [7]
	Granting               // the other asked for the end, and takes in what we still have [8]
	Yielding               // both asked at once, and we, who opened the association, must grant it first [9]
	Holding                // both asked at once, and we wait for the other to grant it first [10]
	Yielded                // both asked at once, we granted it, and wait for the other to [11]
	Closing                // both asked at once, the other granted it, and we must [12]
	Closed                 // nothing more may be sent [13]
)

// Machine tells one side what it may say and what it may be told. It is a value: each step gives the next one.
type Machine struct {
	Phase Phase
	Side  Side // ours: Client asks for the association
}

// Sent is the machine after we said something of a kind; false when we may not say it now. Pieces of data sets
// count as commands do.
func (m Machine) Sent(k Kind) (Machine, bool) {
	if k == Aborted && m.Phase != Closed {
		return m.to(Closed)
	}
	switch m.Phase {
	case Idle:
		if k == Requested && m.Side == Client {
			return m.to(Asking)
		}
	case Deciding:
		switch k {
		case Accepted:
			return m.to(Open)
		case Rejected:
			return m.to(Closed)
		}
	case Open:
		switch k {
		case Commanded, DataSet:
			return m, true
		case ReleaseAsked:
			return m.to(Releasing)
		}
	case Granting:
		switch k {
		case Commanded, DataSet:
			return m, true
		case Released:
			return m.to(Closed)
		}
	case Yielding:
		if k == Released {
			return m.to(Yielded)
		}
	case Closing:
		if k == Released {
			return m.to(Closed)
		}
	}
	return m, false
}

// Heard is the machine after the other side said something of a kind; false when it may not say that now, and the
// association must be aborted (PS3.8 Table 9-10, AA-8).
func (m Machine) Heard(k Kind) (Machine, bool) {
	if k == Aborted {
		return m.to(Closed)
	}
	switch m.Phase {
	case Idle:
		if k == Requested && m.Side == Server {
			return m.to(Deciding)
		}
	case Asking:
		switch k {
		case Accepted:
			return m.to(Open)
		case Rejected:
			return m.to(Closed)
		}
	case Open:
		switch k {
		case Commanded, DataSet, Broken:
			return m, true
		case ReleaseAsked:
			return m.to(Granting)
		}
	case Releasing:
		switch k {
		case Commanded, DataSet, Broken:
			return m, true
		case Released:
			return m.to(Closed)
		case ReleaseAsked:
			if m.Side == Client {
				return m.to(Yielding)
			}
			return m.to(Holding)
		}
	case Holding:
		if k == Released {
			return m.to(Closing)
		}
	case Yielded:
		if k == Released {
			return m.to(Closed)
		}
	}
	return m, false
}

func (m Machine) to(p Phase) (Machine, bool) {
	m.Phase = p
	return m, true
}

package privacy

// Alarms returns what a person is to be told of at once, once.
func (e *Engine) Alarms() []Alarm {
	filed := e.filed
	e.filed = nil
	return filed
}

// Opened lists the cases that are or were before a person.
func (e *Engine) Opened() []Case {
	var all []Case
	for _, d := range e.queue.sorted() {
		if d.State != Waiting {
			all = append(all, d.Case)
		}
	}
	return all
}

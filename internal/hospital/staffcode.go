package hospital

// encode writes all that is known of one who works here.
func (w *worker) encode() []byte {
	o := writer{}
	o.byte(codeVersion)
	o.number(uint64(w.into))
	o.text(w.Number)
	o.refs(w.Names)
	for _, r := range []Ref{w.Job, w.Dept, w.Service, w.Site, w.ends, w.bars} {
		o.ref(r)
	}
	o.byte(byte(w.Family))
	o.byte(byte(w.Type))
	o.refs(w.Units)
	o.number(uint64(w.Manager))
	o.patient(w.Patient)
	for _, t := range []stamp{at(w.Start), at(w.End), at(w.Suspended), w.said, w.used} {
		o.time(t)
	}
	o.identity(&w.Identity)
	o.text(string(w.clear))
	o.number(uint64(len(w.shifts)))
	for i := range w.shifts {
		w.shifts[i].encode(&o)
	}
	o.number(uint64(len(w.days)))
	for _, d := range w.days {
		o.signed(int64(d.date))
		o.ref(d.unit)
		o.time(d.first)
		o.time(d.last)
	}
	o.number(uint64(len(w.member)))
	for _, m := range w.member {
		o.ref(m.protocol)
		o.time(m.from)
		o.time(m.to)
		o.time(m.said)
		o.truth(m.void)
	}
	return o.b
}

func decodeWorker(id StaffID, text []byte) (*worker, error) {
	r := reader{b: text}
	if r.byte() != codeVersion {
		return nil, errCode
	}
	w := &worker{into: StaffID(r.number())}
	w.ID, w.Number, w.Names = id, r.text(), r.refs()
	for _, to := range []*Ref{&w.Job, &w.Dept, &w.Service, &w.Site, &w.ends, &w.bars} {
		*to = r.ref()
	}
	w.Family, w.Type, w.Units = Family(r.byte()), Employment(r.byte()), r.refs()
	w.Manager, w.Patient = StaffID(r.number()), r.patient()
	w.Start, w.End, w.Suspended = r.time().time(), r.time().time(), r.time().time()
	w.said, w.used = r.time(), r.time()
	r.identity(&w.Identity)
	w.clear = append([]byte(nil), r.bytes()...)
	w.shifts = make([]shift, r.count())
	for i := range w.shifts {
		w.shifts[i].decode(&r)
		w.shifts[i].staff = id
	}
	for range r.count() {
		w.days = append(w.days, presence{int32(r.signed()), r.ref(), r.time(), r.time()})
	}
	for range r.count() {
		w.member = append(w.member, membership{r.ref(), r.time(), r.time(), r.time(), r.truth()})
	}
	if r.failed || len(r.b) > 0 {
		return nil, errCode
	}
	return w, nil
}

func (s *shift) encode(w *writer) {
	flags := byte(0)
	for i, set := range []bool{s.onCall, s.leave, s.void} {
		if set {
			flags |= 1 << i
		}
	}
	w.byte(flags)
	w.ref(s.unit)
	w.time(s.from)
	w.time(s.to)
	w.number(uint64(s.covers))
	w.time(s.said)
}

func (s *shift) decode(r *reader) {
	flags := r.byte()
	s.onCall, s.leave, s.void = flags&1 != 0, flags&2 != 0, flags&4 != 0
	s.unit, s.from, s.to, s.covers, s.said = r.ref(), r.time(), r.time(), StaffID(r.number()), r.time()
}

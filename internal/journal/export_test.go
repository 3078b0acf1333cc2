package journal

// Dir, KeyFile and SignFile tell where a journal and its keys lie.
func (j *Journal) Dir() string      { return j.cfg.Dir }
func (j *Journal) KeyFile() string  { return j.cfg.KeyFile }
func (j *Journal) SignFile() string { return j.cfg.SignFile }

// WriteDurable is what a state database does with a mark.
func WriteDurable(path string, content []byte) error { return writeDurable(path, content) }

// NewRecent returns what keeps the latest leaves.
func NewRecent() (add func(index uint64, leaf []byte), from func(index uint64) [][]byte) {
	r := &recent{}
	return r.add, r.from
}

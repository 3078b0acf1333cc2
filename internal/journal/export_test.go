package journal

// KeyFile and SignFile tell where the keys of a journal lie.
func (j *Journal) KeyFile() string  { return j.cfg.KeyFile }
func (j *Journal) SignFile() string { return j.cfg.SignFile }

// WriteDurable is what a state database does with a mark.
func WriteDurable(path string, content []byte) error { return writeDurable(path, content) }

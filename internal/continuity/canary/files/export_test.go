package files

// Unprivileged lets a watcher see what it would if it were not root's.
func (w *Watcher) Unprivileged() { w.unprivileged = true }

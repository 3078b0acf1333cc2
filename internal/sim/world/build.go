package world

func (w *World) build() {}

func (w *World) employ() {}

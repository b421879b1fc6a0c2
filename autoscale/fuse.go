package autoscale

// A fuse stops growth while new members do not become healthy: more of the same
// would cost money and serve nobody. The limits come after it, so that it never
// keeps a pool below its minimum.
type fuse struct{ inner stage }

func (f fuse) decide(o situation) target {
	want := f.inner.decide(o)
	if want.Size > o.Size && o.FuseBlown {
		return target{Size: o.Size, Reason: ReasonFuseBlown}
	}
	return want
}

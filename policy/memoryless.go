package policy

import "github.com/exopool/exopool/autoscale"

// memoryless is the part of a policy that remembers nothing.
type memoryless struct{}

// Learn implements [autoscale.Policy].
func (memoryless) Learn(autoscale.Memory, autoscale.Observation) autoscale.Memory { return nil }

// Encode implements [autoscale.Policy].
func (memoryless) Encode(autoscale.Memory) ([]byte, error) { return nil, nil }

// Decode implements [autoscale.Policy].
func (memoryless) Decode([]byte) (autoscale.Memory, error) { return nil, nil }

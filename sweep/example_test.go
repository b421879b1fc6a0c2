package sweep_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/exopool/exopool/sweep"
)

func ExampleSweeper() {
	// What Terraform knows; programs read terraform.tfstate.
	var state sweep.State
	if err := state.Read(strings.NewReader(stateOf("role", "EXOkey", "exopool-deploy", "group", "rule")), kindOf); err != nil {
		fmt.Println(err)
		return
	}
	s := &sweep.Sweeper{
		Account: installation(), // exoscale.Client.Account in programs
		Name:    "exopool",
		State:   state,
		Report: func(e sweep.Event) {
			if e.Phase == sweep.Gone {
				fmt.Println("deleted", e.Resource)
			}
		},
	}
	left, err := s.Find(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Remove(context.Background(), left); err != nil {
		fmt.Println(err)
	}
	// Output:
	// deleted load balancer exopool-application
	// deleted instance exopool-monitoring
	// deleted instance pool exopool-members
}

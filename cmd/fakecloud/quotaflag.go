package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
)

// A quota is how many resources of a kind there may be.
type quota struct {
	name  string
	limit int // -1 means unlimited
}

// addQuotas declares quotas that replace those of the emulator.
func addQuotas(set *settings.Set, into *[]quota) {
	settings.AddRepeated(set, into, settings.Spec{
		Flag: "quota", Help: "how many resources of a kind there may be, such as instance=3; -1 means unlimited; may be repeated",
	}, settings.Kind[quota]{
		Arg: "NAME=NUMBER", Remedy: "give NAME=NUMBER, such as instance=3", Parse: parseQuota,
	})
	set.Check(func() {
		seen := map[string]bool{}
		for _, q := range *into {
			if seen[q.name] {
				set.Wrong("flag -quota", fmt.Sprintf("names %s more than once", q.name), "give one number for each name")
			}
			seen[q.name] = true
		}
	})
}

func parseQuota(text string) (quota, error) {
	name, number, _ := strings.Cut(text, "=")
	limit, err := strconv.Atoi(number)
	if err != nil || limit < -1 || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return quota{}, settings.ErrMalformed
	}
	cloud, err := exoapi.New(exoapi.Config{Quotas: map[string]int{name: limit}})
	if err != nil {
		return quota{}, fmt.Errorf("no cloud can have: %w", err)
	}
	cloud.Close()
	return quota{name, limit}, nil
}

// quotas returns the limits as the cloud takes them.
func (c config) quotas() map[string]int {
	limits := make(map[string]int, len(c.Quotas))
	for _, q := range c.Quotas {
		limits[q.name] = q.limit
	}
	return limits
}

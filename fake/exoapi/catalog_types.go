package exoapi

import (
	"cmp"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A typeGroup lists instance types of a family that are offered in the same zones.
type typeGroup struct {
	family string
	zones  []string
	types  []typeRow
}

type typeRow struct {
	size       string
	cpus       int
	memory     int64 // bytes
	gpus       int
	authorized bool   // for an organization that has not asked for more
	id         string // empty if the original's is not known
}

// officialTypes lists the original's types in its order.
func officialTypes() []typeGroup {
	everywhere := []string{"ch-dk-2", "de-fra-1", "hr-zag-1", "at-vie-2", "de-muc-1", "ch-gva-2", "at-vie-1", "bg-sof-1"}
	notMunich := []string{"ch-dk-2", "de-fra-1", "hr-zag-1", "at-vie-2", "ch-gva-2", "at-vie-1", "bg-sof-1"}
	return []typeGroup{
		{"standard", everywhere, []typeRow{
			{"micro", 1, 512 * mib, 0, true, "71004023-bb72-4a97-b1e9-bc66dfce9470"},
			{"tiny", 1, 1 * gib, 0, true, "b6cd1ff5-3a2f-4e9d-a4d1-8988c1191fe8"},
			{"small", 2, 2 * gib, 0, true, "21624abb-764e-4def-81d7-9fc54b5957fb"},
			{"medium", 2, 4 * gib, 0, true, "b6e9d1e8-89fc-4db3-aaa4-9b4c5b1d0844"},
			{"large", 4, 8 * gib, 0, true, "c6f99499-7f59-4138-9427-a09db13af2bc"},
			{"extra-large", 4, 16 * gib, 0, true, "350dc5ea-fe6d-42ba-b6c0-efb8b75617ad"},
			{"huge", 8, 32 * gib, 0, true, "a216b0d1-370f-4e21-a0eb-3dfc6302b564"},
			{"mega", 12, 64 * gib, 0, false, "c0d3fb5d-6fdb-4a63-9361-3e5cfa8b36d0"},
			{"titan", 16, 128 * gib, 0, false, "74bfaf4e-7d67-4adf-9322-12b9a36e84f7"},
			{"jumbo", 24, 225 * gib, 0, false, "011a5079-845d-467b-a660-8685dad1cb67"},
		}},
		{"storage", notMunich, []typeRow{
			{"extra-large", 4, 16 * gib, 0, true, ""},
			{"huge", 8, 32 * gib, 0, true, ""},
			{"mega", 12, 64 * gib, 0, false, ""},
			{"titan", 16, 128 * gib, 0, false, ""},
			{"jumbo", 24, 225 * gib, 0, false, ""},
		}},
		{"gpu2", []string{"at-vie-1"}, []typeRow{
			{"small", 12, 56 * gib, 1, false, ""},
			{"medium", 16, 90 * gib, 2, false, ""},
			{"large", 24, 120 * gib, 3, false, ""},
			{"huge", 48, 225 * gib, 4, false, ""},
		}},
		{"cpu", everywhere, []typeRow{
			{"extra-large", 8, 16 * gib, 0, true, "221d39c3-b2b9-4014-b32b-5d262f684eff"},
			{"huge", 16, 32 * gib, 0, true, "68c91810-55ed-4685-9771-00d9adf7b7c0"},
			{"mega", 32, 64 * gib, 0, false, "c2f204df-29fc-4c20-b5c4-bdb21282cecc"},
			{"titan", 40, 128 * gib, 0, false, "e1ae0088-27fd-4185-a057-075ea0b0aa02"},
		}},
		{"memory", everywhere, []typeRow{
			{"extra-large", 2, 16 * gib, 0, true, "dd6abc94-337f-4732-baff-ed745f8bd4f5"},
			{"huge", 4, 32 * gib, 0, true, "efbf55db-01c9-4c73-973f-cecc4d26dcde"},
			{"mega", 8, 64 * gib, 0, false, "306eeeae-38e9-4add-897b-4eff0b019a6d"},
			{"titan", 12, 128 * gib, 0, false, "68a4780f-cc91-4df6-a735-d679318289bc"},
		}},
		{"standard", everywhere, []typeRow{
			{"colossus", 40, 320 * gib, 0, false, "8a52e80d-b1d0-4efb-8059-a931fa33c5a1"},
		}},
		{"gpu3", []string{"de-fra-1"}, []typeRow{
			{"small", 12, 56 * gib, 1, false, ""},
			{"medium", 24, 120 * gib, 2, false, ""},
			{"large", 48, 224 * gib, 4, false, ""},
			{"huge", 96, 448 * gib, 8, false, ""},
		}},
		{"gpua5000", []string{"at-vie-2"}, []typeRow{
			{"small", 12, 56 * gib, 1, false, ""},
			{"medium", 24, 112 * gib, 2, false, ""},
			{"large", 48, 224 * gib, 4, false, ""},
		}},
		{"gpu3080ti", []string{"at-vie-2"}, []typeRow{
			{"small", 12, 56 * gib, 1, false, ""},
			{"medium", 24, 112 * gib, 2, false, ""},
			{"large", 48, 224 * gib, 4, false, ""},
		}},
		{"gpua30", []string{"ch-gva-2"}, []typeRow{
			{"small", 12, 56 * gib, 1, false, ""},
			{"medium", 16, 90 * gib, 2, false, ""},
			{"large", 24, 120 * gib, 3, false, ""},
			{"huge", 48, 225 * gib, 4, false, ""},
		}},
		{"cpu", everywhere, []typeRow{
			{"titan48c", 48, 128 * gib, 0, false, "ea24461a-41e8-49f1-a22a-0f00e3507604"},
			{"colossus", 80, 320 * gib, 0, false, "68dec7c8-7ae8-43b6-ad4a-d508152110fe"},
		}},
		{"gpurtx6000pro", []string{"ch-dk-2", "de-fra-1", "hr-zag-1"}, []typeRow{
			{"small", 36, 120 * gib, 1, false, ""},
			{"medium", 72, 240 * gib, 2, false, ""},
			{"large", 144, 480 * gib, 4, false, ""},
			{"huge", 248, 960 * gib, 8, false, ""},
		}},
		{"gpub300", []string{"ch-gva-2"}, []typeRow{
			{"huge", 248, 2560 * gib, 8, false, ""},
		}},
	}
}

// instanceTypes returns the types that the zones of a cloud offer. A zone that
// the original does not have offers those that are in all of its zones. Ids that
// are not known are made up.
func instanceTypes(zones []string) []driverapi.InstanceType {
	official := officialZones()
	var types []driverapi.InstanceType
	for _, g := range officialTypes() {
		var offered []string
		for _, zone := range g.zones {
			if slices.Contains(zones, zone) {
				offered = append(offered, zone)
			}
		}
		for _, zone := range zones {
			if len(g.zones) == len(official) && !slices.Contains(official, zone) {
				offered = append(offered, zone)
			}
		}
		if len(offered) == 0 {
			continue
		}
		for _, t := range g.types {
			types = append(types, driverapi.InstanceType{
				ID:     cmp.Or(t.id, world.FixedID("type/"+g.family+"."+t.size)),
				Family: g.family, Size: t.size, CPUs: t.cpus, GPUs: t.gpus, Memory: t.memory,
				Authorized: t.authorized, Zones: offered,
			})
		}
	}
	return types
}

// largestDisk is the limit of a type's disk, in GiB. That of the families with
// storage or GPUs is not known.
func largestDisk(t *driverapi.InstanceType) int {
	if !generalPurpose(t.Family) {
		return maxDisk
	}
	switch t.Size {
	case "micro":
		return 200
	case "tiny", "small", "medium", "large":
		return 400
	case "extra-large", "huge", "mega":
		return 800
	default:
		return 1600
	}
}

// generalPurpose reports whether a family is one of those that an instance may
// be scaled across.
func generalPurpose(family string) bool {
	return slices.Contains([]string{"standard", "cpu", "memory"}, family)
}

// scalable reports whether an instance of one family may get a type of another.
func scalable(from, to string) bool {
	return from == to || generalPurpose(from) && generalPurpose(to)
}

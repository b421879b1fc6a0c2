// Cluster-autoscaler lets its provider find the groups of nodes, each an instance by
// its id, and gives each group one node more and one less.
package main

import (
	"fmt"
	"os"

	apiv1 "k8s.io/api/core/v1"
	"k8s.io/autoscaler/cluster-autoscaler/cloudprovider/exoscale"
	"sigs.k8s.io/cluster-autoscaler/pkg/cloudprovider"
)

func main() {
	p := exoscale.BuildExoscale(nil, cloudprovider.NodeGroupDiscoveryOptions{}, nil)
	for _, id := range os.Args[1:] {
		node := func(id string) *apiv1.Node {
			return &apiv1.Node{Spec: apiv1.NodeSpec{ProviderID: id}}
		}
		g, err := p.NodeGroupForNode(node("exoscale://" + id))
		must(err)
		if g == nil {
			fmt.Println(id, "has no group")
			continue
		}
		fmt.Println(g.Debug(), g.Exist())
		must(p.Refresh())
		before, err := g.Nodes()
		must(err)
		size, err := g.TargetSize()
		must(err)
		fmt.Println("nodes", len(before), "size", size)
		must(g.IncreaseSize(1))
		g, err = p.NodeGroupForNode(node("exoscale://" + id))
		must(err)
		after, err := g.Nodes()
		must(err)
		fmt.Println("nodes", len(after))
		for _, n := range after {
			if n.Status != nil {
				fmt.Println("  ", n.Id, n.Status.State)
			}
		}
		fmt.Println("too many:", g.IncreaseSize(100000))
		var last cloudprovider.Instance
		for _, n := range after {
			if n.Id != "exoscale://"+id {
				last = n
			}
		}
		must(g.DeleteNodes([]*apiv1.Node{node(last.Id)}))
		g, err = p.NodeGroupForNode(node("exoscale://" + id))
		must(err)
		rest, err := g.Nodes()
		must(err)
		fmt.Println("nodes", len(rest))
		for _, n := range rest {
			if n.Id == last.Id {
				must(fmt.Errorf("%s is still there", n.Id))
			}
		}
	}
	must(p.Refresh())
	fmt.Println("groups", len(p.NodeGroups()))
}

func must(err error) {
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

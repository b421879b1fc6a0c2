package exoscale

import (
	"context"
	"os"
	"testing"

	v3 "github.com/exoscale/egoscale/v3"
	"github.com/stretchr/testify/require"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestDrive(t *testing.T) {
	ctx := context.Background()
	cfg, err := readExoscaleConfig(nil)
	require.NoError(t, err)
	cloud, err := newExoscaleCloud(&cfg)
	require.NoError(t, err)
	p := cloud.(*cloudProvider)
	client, err := newRefreshableExoscaleClient(ctx, &p.cfg.Global, v3.ZoneName(p.zone), switchZoneCallback)
	require.NoError(t, err)
	p.client, p.ctx = client, ctx
	pool := os.Getenv("POOL")
	list, err := client.ListInstances(ctx)
	require.NoError(t, err)
	var nodes []*v1.Node
	for _, i := range list.Instances {
		if i.Manager == nil || i.Manager.ID.String() != pool {
			continue
		}
		nodes = append(nodes, &v1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: i.Name},
			Status:     v1.NodeStatus{NodeInfo: v1.NodeSystemInfo{SystemUUID: i.ID.String()}},
		})
	}
	require.NotEmpty(t, nodes)
	service := &v1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", UID: "901a4773-b836-409b-8364-38cd9e7b6a62"},
		Spec: v1.ServiceSpec{Ports: []v1.ServicePort{
			{Name: "http", Protocol: v1.ProtocolTCP, Port: 80, NodePort: 30080},
			{Name: "dns", Protocol: v1.ProtocolUDP, Port: 53, NodePort: 30053},
		}},
	}
	objects := fake.NewSimpleClientset(service)
	p.kclient = objects

	v2, _ := p.InstancesV2()
	for _, n := range nodes {
		ok, err := v2.InstanceExists(ctx, n)
		require.NoError(t, err)
		require.True(t, ok)
		meta, err := v2.InstanceMetadata(ctx, n)
		require.NoError(t, err)
		t.Log(meta.ProviderID, meta.InstanceType, meta.Zone, meta.NodeAddresses)
		n.Spec.ProviderID = meta.ProviderID
		down, err := v2.InstanceShutdown(ctx, n)
		require.NoError(t, err)
		require.False(t, down)
	}
	gone := &v1.Node{Spec: v1.NodeSpec{ProviderID: providerPrefix + "ffffffff-0000-4000-8000-000000000001"}}
	ok, err := v2.InstanceExists(ctx, gone)
	require.NoError(t, err)
	require.False(t, ok)

	lb, _ := p.LoadBalancer()
	status, err := lb.EnsureLoadBalancer(ctx, "", service, nodes)
	require.NoError(t, err)
	t.Log("address", status.Ingress[0].IP)

	_, err = lb.EnsureLoadBalancer(ctx, "", service, nodes)
	require.NoError(t, err)
	nlb, err := client.GetLoadBalancer(ctx, v3.UUID(service.Annotations[annotationLoadBalancerID]))
	require.NoError(t, err)
	want, err := buildLoadBalancerFromAnnotations(service)
	require.NoError(t, err)
	for i, s := range nlb.Services {
		u := want.Services[i]
		u.ID = s.ID
		require.False(t, isLoadBalancerServiceUpdated(s, u), "it would be updated again and again")
	}
	service.Spec.Ports = service.Spec.Ports[:1]
	service.Spec.Ports[0].NodePort = 31080
	service.Annotations[annotationLoadBalancerServiceHealthCheckMode] = "http"
	service.Annotations[annotationLoadBalancerServiceHealthCheckURI] = "/healthz"
	service.Annotations[annotationLoadBalancerName] = "renamed"
	service.Annotations[annotationLoadBalancerDescription] = "d"
	require.NoError(t, lb.UpdateLoadBalancer(ctx, "", service, nodes))
	nlb, err = client.GetLoadBalancer(ctx, nlb.ID)
	require.NoError(t, err)
	require.Len(t, nlb.Services, 1)
	require.Equal(t, "renamed", nlb.Name)
	require.EqualValues(t, 31080, nlb.Services[0].TargetPort)
	require.Equal(t, "/healthz", nlb.Services[0].Healthcheck.URI)
	_, found, err := lb.GetLoadBalancer(ctx, "", service)
	require.NoError(t, err)
	require.True(t, found)
	if pool2 := os.Getenv("POOL2"); pool2 != "" {
		service.Annotations[annotationLoadBalancerServiceInstancePoolID] = pool2
		require.NoError(t, lb.UpdateLoadBalancer(ctx, "", service, nodes))
		nlb, err = client.GetLoadBalancer(ctx, nlb.ID)
		require.NoError(t, err)
		require.Equal(t, pool2, nlb.Services[0].InstancePool.ID.String())
	}
	if cluster := os.Getenv("CLUSTER"); cluster != "" {
		service.Annotations[annotationLoadBalancerSKSClusterName] = cluster
		service.Annotations[annotationLoadBalancerServiceSKSNodePoolName] = "nodes"
		_, err = lb.EnsureLoadBalancer(ctx, "", service, nodes)
		require.NoError(t, err)
	}
	require.NoError(t, lb.EnsureLoadBalancerDeleted(ctx, "", service))
	_, found, err = lb.GetLoadBalancer(ctx, "", service)
	require.NoError(t, err)
	require.False(t, found)
}

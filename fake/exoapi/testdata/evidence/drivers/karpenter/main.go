// Karpenter resolves a node class for a version of Kubernetes and makes nodes of it,
// looks for drift, and removes them, one as an orphan.
package main

import (
	"context"
	"fmt"
	"os"

	apiv1 "github.com/exoscale/karpenter-provider-exoscale/apis/karpenter/v1"
	exocloud "github.com/exoscale/karpenter-provider-exoscale/pkg/cloudprovider"
	"github.com/exoscale/karpenter-provider-exoscale/pkg/controllers/garbagecollection"
	"github.com/exoscale/karpenter-provider-exoscale/pkg/controllers/nodeclass"
	"github.com/exoscale/karpenter-provider-exoscale/pkg/providers/instance"
	"github.com/exoscale/karpenter-provider-exoscale/pkg/providers/instancetype"
	"github.com/exoscale/karpenter-provider-exoscale/pkg/providers/template"
	"github.com/exoscale/karpenter-provider-exoscale/pkg/providers/userdata"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	karpenterv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider"
)

func main() {
	ctx := context.Background()
	options, err := instance.NewOptionsFromEnvironment("https://cluster.invalid")
	must(err)
	exo, err := options.BuildExoscaleClient(ctx)
	must(err)
	s := scheme.Scheme
	must(apiv1.AddToScheme(s))
	class := &apiv1.ExoscaleNodeClass{
		ObjectMeta: metav1.ObjectMeta{Name: "standard", Finalizers: []string{nodeclass.Finalizer}},
		Spec: apiv1.ExoscaleNodeClassSpec{
			ImageTemplateSelector:          &apiv1.ImageTemplateSelector{Version: os.Args[1], Variant: "standard"},
			DiskSize:                       50,
			SecurityGroupSelectorTerms:     []apiv1.SelectorTerms{{Name: "nodes"}},
			AntiAffinityGroupSelectorTerms: []apiv1.SelectorTerms{{Name: "spread"}},
			PrivateNetworkSelectorTerms:    []apiv1.SelectorTerms{{Name: "lan"}},
			Kubelet:                        apiv1.KubeletConfiguration{ClusterDNS: []string{"10.96.0.10"}},
		},
	}
	ca := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "kube-root-ca.crt", Namespace: "kube-system"},
		Data:       map[string]string{"ca.crt": "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"},
	}
	kube := fake.NewClientBuilder().WithScheme(s).WithStatusSubresource(&apiv1.ExoscaleNodeClass{}).WithObjects(class, ca).Build()
	itp, err := instancetype.NewExoscaleProvider(ctx, exo, options.Zone)
	must(err)
	must(itp.Refresh(ctx))
	tp := template.NewResolver(exo, options.Zone, nil)
	ip := instance.NewProvider(exo, itp, tp, userdata.NewProvider(kube), options)
	r := &nodeclass.ExoscaleNodeClassReconciler{
		Client: kube, Scheme: s, ExoscaleClient: exo, TemplateResolver: tp, Recorder: record.NewFakeRecorder(100), Zone: options.Zone,
	}
	for range 2 {
		_, err = r.Reconcile(ctx, reconcile.Request{NamespacedName: types.NamespacedName{Name: "standard"}})
		must(err)
	}
	must(kube.Get(ctx, client.ObjectKey{Name: "standard"}, class))
	for _, c := range class.Status.Conditions {
		fmt.Println("condition", c.Type, c.Status, c.Reason, c.Message)
	}
	cloud := exocloud.NewCloudProvider(kube, nil, itp, ip)
	listed, err := itp.List(class)
	must(err)
	fmt.Println("types", len(listed))
	claim := &karpenterv1.NodeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "claim-1", Labels: map[string]string{karpenterv1.NodePoolLabelKey: "default"}},
		Spec: karpenterv1.NodeClaimSpec{
			NodeClassRef: &karpenterv1.NodeClassReference{Group: "karpenter.exoscale.com", Kind: "ExoscaleNodeClass", Name: "standard"},
			Requirements: []karpenterv1.NodeSelectorRequirementWithMinValues{
				{Key: corev1.LabelInstanceTypeStable, Operator: corev1.NodeSelectorOpIn, Values: []string{"standard.medium", "standard.large"}},
			},
		},
	}
	created, err := cloud.Create(ctx, claim)
	must(err)
	fmt.Println("created", created.Name, created.Status.ProviderID, created.Status.ImageID, created.Labels)
	got, err := cloud.Get(ctx, created.Status.ProviderID)
	must(err)
	fmt.Println("got", got.Name, got.Labels)
	claim.Status = created.Status
	for range 2 {
		drift, err := cloud.IsDrifted(ctx, claim)
		must(err)
		fmt.Printf("drift %q\n", drift)
	}
	all, err := cloud.List(ctx)
	must(err)
	fmt.Println("listed", len(all))
	claim2 := claim.DeepCopy()
	claim2.Name, claim2.Status = "claim-2", karpenterv1.NodeClaimStatus{}
	orphan, err := cloud.Create(ctx, claim2)
	must(err)
	claim.ResourceVersion = ""
	must(kube.Create(ctx, claim))
	_, err = (&garbagecollection.Controller{Client: kube, InstanceProvider: ip}).Reconcile(ctx, reconcile.Request{})
	must(err)
	_, err = cloud.Get(ctx, orphan.Status.ProviderID)
	fmt.Println("orphan gone:", cloudprovider.IsNodeClaimNotFoundError(err), err)
	claim.Status.NodeName = ""
	err = cloud.Delete(ctx, claim)
	fmt.Println("deleted:", cloudprovider.IsNodeClaimNotFoundError(err), err)
	_, err = cloud.Get(ctx, created.Status.ProviderID)
	fmt.Println("gone:", cloudprovider.IsNodeClaimNotFoundError(err), err)
	err = ip.Delete(ctx, "ffffffff-0000-4000-8000-000000000001")
	fmt.Println("unknown is not found:", ip.IsNotFoundError(err))
}

func must(err error) {
	if err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

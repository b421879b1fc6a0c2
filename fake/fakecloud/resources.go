package fakecloud

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Pool describes an instance pool that [Cloud.CreatePool] creates.
type Pool struct {
	Name     string // the names of members begin with it
	Size     int
	Template string // default: Linux Debian 13 (Trixie) 64-bit
	Type     string // family and size of instances; default: standard.micro
}

// Service describes what a load balancer forwards. Members are healthy while
// they answer requests for /health on the target port.
type Service struct {
	Name       string // of the load balancer, too
	Pool       string // id
	Port       int
	TargetPort int // of the members
}

type object map[string]any

// CreatePool creates an instance pool in the default zone and returns its id:
// what users of a real account do with Terraform.
func (c *Cloud) CreatePool(ctx context.Context, p Pool) (id string, err error) {
	template, err := c.findTemplate(ctx, cmp.Or(p.Template, "Linux Debian 13 (Trixie) 64-bit"))
	if err != nil {
		return "", err
	}
	instanceType, err := c.findType(ctx, cmp.Or(p.Type, "standard.micro"))
	if err != nil {
		return "", err
	}
	return c.api.Do(ctx, http.MethodPost, "/v2/instance-pool", object{
		"name": p.Name, "instance-prefix": p.Name, "size": p.Size, "disk-size": 10,
		"template": object{"id": template}, "instance-type": object{"id": instanceType},
	})
}

// CreateBalancer creates a load balancer with one service in the default zone
// and returns its id.
func (c *Cloud) CreateBalancer(ctx context.Context, s Service) (id string, err error) {
	id, err = c.api.Do(ctx, http.MethodPost, "/v2/load-balancer", object{"name": s.Name})
	if err != nil {
		return "", err
	}
	return id, c.AddService(ctx, id, s)
}

// AddService adds a service to a load balancer of the default zone.
func (c *Cloud) AddService(ctx context.Context, balancer string, s Service) error {
	_, err := c.api.Do(ctx, http.MethodPost, "/v2/load-balancer/"+balancer+"/service", object{
		"name": s.Name, "instance-pool": object{"id": s.Pool},
		"protocol": "tcp", "strategy": "round-robin", "port": s.Port, "target-port": s.TargetPort,
		"healthcheck": object{
			"mode": "http", "port": s.TargetPort, "uri": "/health",
			"interval": 10, "timeout": 5, "retries": 1,
		},
	})
	return err
}

func (c *Cloud) findTemplate(ctx context.Context, name string) (id string, err error) {
	var list struct {
		Templates []struct{ ID, Name string } `json:"templates"`
	}
	if err := c.api.Call(ctx, http.MethodGet, "/v2/template?visibility=public", nil, &list); err != nil {
		return "", err
	}
	for _, t := range list.Templates {
		if t.Name == name {
			return t.ID, nil
		}
	}
	return "", fmt.Errorf("the cloud has no template %q", name)
}

func (c *Cloud) findType(ctx context.Context, name string) (id string, err error) {
	var list struct {
		Types []struct{ ID, Family, Size string } `json:"instance-types"`
	}
	if err := c.api.Call(ctx, http.MethodGet, "/v2/instance-type", nil, &list); err != nil {
		return "", err
	}
	family, size, _ := strings.Cut(name, ".")
	for _, t := range list.Types {
		if t.Family == family && t.Size == size {
			return t.ID, nil
		}
	}
	return "", fmt.Errorf("the cloud has no instance type %q", name)
}

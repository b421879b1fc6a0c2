package exoscale

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/exoscale/egoscale/v2/oapi"

	"github.com/exopool/exopool/sweep"
)

// Delete implements [sweep.Account] with one API call and those that ask how
// the operation went, for as long as [Config.OperationTimeout].
func (a *Account) Delete(ctx context.Context, resource sweep.Resource) error {
	op, err := a.request(ctx, resource)
	if err == nil {
		return a.client.await(ctx, op)
	}
	err = a.client.explain(err)
	var api *apiError
	if !errors.As(err, &api) {
		return err
	}
	switch api.status {
	case http.StatusNotFound:
		return nil
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusLocked:
		return fmt.Errorf("%w: %w", sweep.ErrBusy, err)
	}
	return err
}

// request asks for the deletion.
func (a *Account) request(ctx context.Context, resource sweep.Resource) (*oapi.Operation, error) {
	api, id := a.client.api, resource.ID
	switch resource.Kind {
	case sweep.LoadBalancerService:
		resp, err := api.DeleteLoadBalancerServiceWithResponse(ctx, resource.Parent, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.LoadBalancer:
		resp, err := api.DeleteLoadBalancerWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.Instance:
		resp, err := api.DeleteInstanceWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.InstancePool:
		resp, err := api.DeleteInstancePoolWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.SecurityGroupRule:
		resp, err := api.DeleteRuleFromSecurityGroupWithResponse(ctx, resource.Parent, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.SecurityGroup:
		resp, err := api.DeleteSecurityGroupWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.SSHKey:
		resp, err := api.DeleteSshKeyWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.APIKey:
		resp, err := api.DeleteApiKeyWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.Role:
		resp, err := api.DeleteIamRoleWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		return resp.JSON200, nil
	case sweep.Other:
	}
	return nil, fmt.Errorf("unknown %s", resource.Kind)
}

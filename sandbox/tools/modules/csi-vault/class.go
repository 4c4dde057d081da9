package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"gopkg.in/yaml.v3"
)

// object is one file of a class.
type object struct {
	Name       string         `yaml:"objectName"`
	Path       string         `yaml:"secretPath"`
	Key        string         `yaml:"secretKey"`
	Method     string         `yaml:"method"`
	Arguments  map[string]any `yaml:"secretArgs"`
	Permission os.FileMode    `yaml:"filePermission"`
	Encoding   string         `yaml:"encoding"`
}

// class is what a SecretProviderClass and the driver say of one mount.
type class struct {
	parameters map[string]string
	objects    []object
	mode       os.FileMode
	token      string // the pod's, for the class's audience, where the driver has it
	insecure   bool
}

func parseClass(attributes, permission string) (*class, error) {
	found := &class{}
	if err := json.Unmarshal([]byte(attributes), &found.parameters); err != nil {
		return nil, fmt.Errorf("failed to unmarshal parameters: %w", err)
	}
	if err := json.Unmarshal([]byte(permission), &found.mode); err != nil {
		return nil, fmt.Errorf("failed to unmarshal file permission: %w", err)
	}
	if err := yaml.Unmarshal([]byte(found.parameters["objects"]), &found.objects); err != nil {
		return nil, fmt.Errorf("failed to unmarshal objects: %w", err)
	}
	if given, ok := found.parameters["vaultSkipTLSVerify"]; ok {
		insecure, err := strconv.ParseBool(given)
		if err != nil {
			return nil, err
		}
		found.insecure = insecure
	}
	if err := found.findToken(); err != nil {
		return nil, err
	}
	return found, found.validate()
}

// findToken looks among the tokens that the driver hands over, one for each audience of its tokenRequests.
func (c *class) findToken() error {
	given := c.parameters["csi.storage.k8s.io/serviceAccount.tokens"]
	if given == "" {
		return nil
	}
	var byAudience map[string]struct{ Token string }
	if err := json.Unmarshal([]byte(given), &byAudience); err != nil {
		return fmt.Errorf("failed to unmarshal service account tokens: %w", err)
	}
	c.token = byAudience[c.parameters["audience"]].Token
	return nil
}

func (c *class) validate() error {
	if c.parameters["roleName"] == "" {
		return errors.New("missing 'roleName' in SecretProviderClass definition")
	}
	if c.parameters["vaultKubernetesMountPath"] != "" && c.parameters["vaultAuthMountPath"] != "" {
		return errors.New("cannot set both vaultKubernetesMountPath and vaultAuthMountPath")
	}
	if len(c.objects) == 0 {
		return errors.New("no secrets configured - the provider will not read any secret material")
	}
	names := map[string]bool{}
	for _, each := range c.objects {
		if names[each.Name] {
			return fmt.Errorf("each objectName within a SecretProviderClass must be unique, but %q was used twice", each.Name)
		}
		names[each.Name] = true
	}
	return nil
}

// pod names the pod as the driver does.
func (c *class) pod(field string) string {
	return c.parameters["csi.storage.k8s.io/"+field]
}

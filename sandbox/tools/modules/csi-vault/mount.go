package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/hashicorp/vault/api"
	provider "sigs.k8s.io/secrets-store-csi-driver/provider/v1alpha1"
)

type vaultProvider struct {
	provider.UnimplementedCSIDriverProviderServer
	address, mount string
	key            []byte // of the digests that are the objects' versions
}

// Version answers the driver.
func (p *vaultProvider) Version(context.Context, *provider.VersionRequest) (*provider.VersionResponse, error) {
	return &provider.VersionResponse{
		Version: "v1alpha1", RuntimeName: "vault-csi-provider", RuntimeVersion: "0.0.0+strongroom-sandbox",
	}, nil
}

// Mount reads a class's objects: the driver writes the files.
func (p *vaultProvider) Mount(ctx context.Context, request *provider.MountRequest) (*provider.MountResponse, error) {
	wanted, err := parseClass(request.GetAttributes(), request.GetPermission())
	if err != nil {
		return nil, err
	}
	response, err := p.read(ctx, wanted)
	if err != nil {
		log.Printf("%s: %s", request.GetTargetPath(), err)
		return nil, fmt.Errorf("error making mount request: %w", err)
	}
	return response, nil
}

func (p *vaultProvider) read(ctx context.Context, wanted *class) (*provider.MountResponse, error) {
	client, err := p.connect(wanted)
	if err != nil {
		return nil, err
	}
	seen := map[[2]string]*api.Secret{}
	response := &provider.MountResponse{}
	for _, each := range wanted.objects {
		// As the real one: what differs in arguments alone is one answer.
		place := [2]string{each.Path, each.Method}
		if seen[place] == nil {
			if seen[place], err = p.ask(ctx, client, wanted, each); err != nil {
				return nil, fmt.Errorf("couldn't read secret %q: %w", each.Name, err)
			}
		}
		content, err := extract(seen[place], each)
		if err != nil {
			return nil, err
		}
		mode := wanted.mode
		if each.Permission != 0 {
			mode = each.Permission
		}
		file := &provider.File{Path: each.Name, Mode: int32(mode), Contents: content}
		response.Files = append(response.Files, file)
		version := &provider.ObjectVersion{Id: each.Name, Version: p.digest(each, content)}
		response.ObjectVersion = append(response.ObjectVersion, version)
	}
	return response, nil
}

func (p *vaultProvider) connect(wanted *class) (*api.Client, error) {
	given := wanted.parameters
	configuration := api.DefaultConfig()
	configuration.Address = p.address
	if address := given["vaultAddress"]; address != "" {
		configuration.Address = address
	}
	if err := configuration.ConfigureTLS(&api.TLSConfig{
		CACert:        given["vaultCACertPath"],
		CAPath:        given["vaultCACertDirectory"],
		ClientCert:    given["vaultTLSClientCertPath"],
		ClientKey:     given["vaultTLSClientKeyPath"],
		TLSServerName: given["vaultTLSServerName"],
		Insecure:      wanted.insecure,
	}); err != nil {
		return nil, err
	}
	client, err := api.NewClient(configuration)
	if err != nil {
		return nil, err
	}
	if namespace := given["vaultNamespace"]; namespace != "" {
		client.SetNamespace(namespace)
	}
	return client, nil
}

// ask logs in where that is still to be done, and reads an object.
func (p *vaultProvider) ask(ctx context.Context, client *api.Client, wanted *class, each object) (*api.Secret, error) {
	if client.Token() == "" {
		if err := p.login(ctx, client, wanted); err != nil {
			return nil, err
		}
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(each.Path, "/"), "v1/"), "?")
	method := each.Method
	if method == "" {
		method = http.MethodGet
	}
	request := client.NewRequest(method, "/v1/"+path)
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("failed to parse query parameters from secretPath %q for objectName %q: %w", each.Path, each.Name, err)
	}
	for name := range values {
		request.Params[name] = values[name]
	}
	if each.Arguments != nil {
		if err := request.SetJSONBody(each.Arguments); err != nil {
			return nil, err
		}
	}
	secret, err := do(ctx, client, request)
	if err != nil {
		return nil, fmt.Errorf("error requesting secret: %w", err)
	}
	if secret == nil || secret.Data == nil {
		return nil, fmt.Errorf("empty response from %q", each.Path)
	}
	return secret, nil
}

func (p *vaultProvider) login(ctx context.Context, client *api.Client, wanted *class) error {
	token := wanted.token
	if token == "" {
		var err error
		if token, err = requestToken(ctx, wanted); err != nil {
			return fmt.Errorf("failed to create a service account token for requesting pod {%s %s %s %s }: %w",
				wanted.pod("pod.name"), wanted.pod("pod.uid"), wanted.pod("pod.namespace"), wanted.pod("serviceAccount.name"), err)
		}
	}
	mount := p.mount
	for _, name := range []string{"vaultKubernetesMountPath", "vaultAuthMountPath"} {
		if path := wanted.parameters[name]; path != "" {
			mount = path
		}
	}
	request := client.NewRequest(http.MethodPost, "/v1/auth/"+mount+"/login")
	if err := request.SetJSONBody(map[string]string{"jwt": token, "role": wanted.parameters["roleName"]}); err != nil {
		return err
	}
	secret, err := do(ctx, client, request)
	if err != nil {
		return fmt.Errorf("failed to login: %w", err)
	}
	if secret == nil || secret.Auth == nil {
		return errors.New("failed to login: the response has no token")
	}
	client.SetToken(secret.Auth.ClientToken)
	return nil
}

func do(ctx context.Context, client *api.Client, request *api.Request) (*api.Secret, error) {
	response, err := client.RawRequestWithContext(ctx, request) //nolint:staticcheck // any method goes
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return api.ParseSecret(response.Body)
}

// extract takes a file's content from Vault's answer.
func extract(secret *api.Secret, each object) ([]byte, error) {
	if each.Key == "" {
		return json.Marshal(secret)
	}
	data := secret.Data
	if inner, ok := data["data"].(map[string]any); ok { // KV version 2
		data = inner
	}
	value, ok := data[each.Key]
	if !ok {
		return nil, fmt.Errorf("{%s}: {key %q does not exist at the secret path}", each.Path, each.Key)
	}
	text, ok := value.(string)
	if !ok {
		written, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("{%s}: {failed to extract secret content from key %q}", each.Path, each.Key)
		}
		text = string(written)
	}
	content, err := decode(text, each.Encoding)
	if err != nil {
		return nil, fmt.Errorf("{%s}: {%w}", each.Path, err)
	}
	return content, nil
}

func decode(text, encoding string) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "", "utf-8":
		return []byte(text), nil
	case "base64":
		return base64.StdEncoding.DecodeString(text)
	case "hex":
		return hex.DecodeString(text)
	}
	return nil, errors.New("invalid encoding type. Should be utf-8, base64, or hex")
}

func (p *vaultProvider) digest(each object, content []byte) string {
	hash := hmac.New(sha256.New, p.key)
	fmt.Fprintf(hash, "%s\x00%s\x00%s\x00", each.Name, each.Path, each.Key)
	hash.Write(content)
	return base64.URLEncoding.EncodeToString(hash.Sum(nil))
}

// versionKey reads the key of versions, or makes it: they stay the same when the provider is started again.
func versionKey(file string) ([]byte, error) {
	key, err := os.ReadFile(file)
	if err == nil || !os.IsNotExist(err) {
		return key, err
	}
	key = make([]byte, sha256.Size)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, os.WriteFile(file, key, 0o600)
}

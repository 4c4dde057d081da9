package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
)

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

// requestToken makes a token of the pod's service account, as the provider may where the driver hands none over.
func requestToken(ctx context.Context, wanted *class) (string, error) {
	audiences := []string{}
	if audience := wanted.parameters["audience"]; audience != "" {
		audiences = append(audiences, audience)
	}
	pod := map[string]string{
		"kind": "Pod", "apiVersion": "v1", "name": wanted.pod("pod.name"), "uid": wanted.pod("pod.uid"),
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"spec":       map[string]any{"audiences": audiences, "expirationSeconds": 900, "boundObjectRef": pod},
	})
	if err != nil {
		return "", err
	}
	authority, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return "", err
	}
	own, err := os.ReadFile(account + "token")
	if err != nil {
		return "", err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	server := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	url := fmt.Sprintf("https://%s/api/v1/namespaces/%s/serviceaccounts/%s/token",
		server, wanted.pod("pod.namespace"), wanted.pod("serviceAccount.name"))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+string(own))
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		Message string
		Status  json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusCreated {
		return "", errors.New(answer.Message)
	}
	var made struct{ Token string }
	if err := json.Unmarshal(answer.Status, &made); err != nil {
		return "", err
	}
	return made.Token, nil
}

// Command node-driver-registrar tells the kubelet where a CSI driver's socket is, as the sidecar of that name does.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

type registrar struct {
	name, socket string
}

// GetInfo answers the kubelet, which has found the socket in its directory of plugins.
func (r registrar) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type:              registration.CSIPlugin,
		Name:              r.name,
		Endpoint:          r.socket,
		SupportedVersions: []string{"1.0.0"},
	}, nil
}

// NotifyRegistrationStatus ends the program where the kubelet refuses the driver: it is started again, and tries again.
func (r registrar) NotifyRegistrationStatus(
	_ context.Context, status *registration.RegistrationStatus,
) (*registration.RegistrationStatusResponse, error) {
	if !status.PluginRegistered {
		log.Fatalf("the kubelet refuses %s: %s", r.name, status.Error)
	}
	log.Printf("the kubelet has registered %s", r.name)
	return &registration.RegistrationStatusResponse{}, nil
}

func main() {
	name := flag.String("driver-name", "", "the driver's name")
	socket := flag.String("kubelet-registration-path", "", "the driver's socket, as the kubelet sees it")
	directory := flag.String("plugin-registration-path", "/registration", "where the kubelet looks for plugins")
	flag.Parse()

	own := filepath.Join(*directory, *name+"-reg.sock")
	if err := os.Remove(own); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", own)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	registration.RegisterRegistrationServer(server, registrar{*name, *socket})
	log.Fatal(server.Serve(listener))
}

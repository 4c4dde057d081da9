// Command node-driver-registrar tells the kubelet where a CSI driver's socket is, as the sidecar of that name does.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
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
	driver := flag.String("csi-address", "/run/csi/socket", "the driver's socket, as this program sees it")
	socket := flag.String("kubelet-registration-path", "", "the driver's socket, as the kubelet sees it")
	directory := flag.String("plugin-registration-path", "/registration", "where the kubelet looks for plugins")
	flag.Int("v", 0, "taken and not used")
	flag.Parse()

	connection, err := grpc.NewClient("unix://"+*driver, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	info, err := csi.NewIdentityClient(connection).GetPluginInfo(
		context.Background(), &csi.GetPluginInfoRequest{}, grpc.WaitForReady(true))
	if err != nil {
		log.Fatal(err)
	}
	own := filepath.Join(*directory, info.GetName()+"-reg.sock")
	if err := os.Remove(own); err != nil && !os.IsNotExist(err) {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", own)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	registration.RegisterRegistrationServer(server, registrar{info.GetName(), *socket})
	log.Fatal(server.Serve(listener))
}

// Package mlog has the part of monis.app/mlog v0.0.2 that the Secrets Store CSI driver calls, on klog alone: the
// module itself can't be had everywhere.
package mlog

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"k8s.io/klog/v2"
)

// LogLevel is the verbosity of the logs.
type LogLevel string

// LogFormat is how a line is written. Here it is klog's text, whichever is asked for.
type LogFormat string

const (
	FormatText LogFormat = "text"
	FormatJSON LogFormat = "json"

	LevelWarning LogLevel = ""
	LevelInfo    LogLevel = "info"
	LevelDebug   LogLevel = "debug"
	LevelTrace   LogLevel = "trace"
	LevelAll     LogLevel = "all"
)

var verbosity = map[LogLevel]int{LevelWarning: 0, LevelInfo: 2, LevelDebug: 4, LevelTrace: 6, LevelAll: 108}

// Setup returns what writes the last lines before the program ends.
func Setup() func() {
	return klog.Flush
}

// ValidateAndSetKlogLevelAndFormatGlobally sets the verbosity of klog.
func ValidateAndSetKlogLevelAndFormatGlobally(_ context.Context, level klog.Level, _ LogFormat) error {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	if err := flags.Set("v", strconv.Itoa(int(level))); err != nil {
		return fmt.Errorf("klog's verbosity %d: %w", level, err)
	}
	return nil
}

// Error logs an error.
func Error(message string, err error) {
	klog.ErrorSDepth(1, err, message)
}

// Fatal logs an error and ends the program.
func Fatal(err error) {
	klog.ErrorSDepth(1, err, "fatal error")
	klog.FlushAndExit(klog.ExitFlushTimeout, 1)
}

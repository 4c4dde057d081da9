package cloud

// The descriptions of an API that is not in the sandbox's build: nothing is described.

func mdInline(text string) string { return text }

func markdownEnumTail([]string) string { return "" }

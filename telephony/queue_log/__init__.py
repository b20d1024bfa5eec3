"""queue_log: lines, reader, tailer."""

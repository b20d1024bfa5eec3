"""The bus: what happens now, for the parts of this process and, over MQTT, for other systems."""

include $(sort $(wildcard $(BR2_EXTERNAL_NERVES_KEY_PATH)/package/*/*.mk))

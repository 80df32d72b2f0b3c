################################################################################
#
# nerves-key
#
################################################################################

NERVES_KEY_VERSION = 0.2.0
NERVES_KEY_SOURCE = nerves-key-$(NERVES_KEY_VERSION).tar.gz
NERVES_KEY_SITE = https://example.org/nerves-key
NERVES_KEY_LICENSE = Apache-2.0 or MIT
NERVES_KEY_LICENSE_FILES = LICENSE-APACHE LICENSE-MIT
NERVES_KEY_SUBDIR = crates/nerves-key-cli

$(eval $(cargo-package))

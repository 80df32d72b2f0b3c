################################################################################
#
# nerves-key-pkcs11
#
################################################################################

NERVES_KEY_PKCS11_VERSION = 0.2.0
NERVES_KEY_PKCS11_SOURCE = nerves-key-$(NERVES_KEY_PKCS11_VERSION).tar.gz
NERVES_KEY_PKCS11_SITE = https://example.org/nerves-key
NERVES_KEY_PKCS11_LICENSE = Apache-2.0 or MIT
NERVES_KEY_PKCS11_LICENSE_FILES = LICENSE-APACHE LICENSE-MIT
NERVES_KEY_PKCS11_SUBDIR = crates/nerves-key-pkcs11

# It is a library: there is no program for cargo to install.
define NERVES_KEY_PKCS11_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0644 \
		$(@D)/target/$(RUSTC_TARGET_NAME)/$(if $(BR2_ENABLE_DEBUG),debug,release)/libnerves_key_pkcs11.so \
		$(TARGET_DIR)/usr/lib/pkcs11/nerves_key_pkcs11.so
	$(INSTALL) -D -m 0644 $(@D)/crates/nerves-key-pkcs11/nerves-key.module \
		$(TARGET_DIR)/usr/share/p11-kit/modules/nerves-key.module
endef

$(eval $(cargo-package))

//! Rebuild the certificates of a Trust&GO part from what its slots hold, up to
//! Microchip's root. The slots are those of a real kit, as published in the
//! tests of the Elixir library atecc508a (Apache-2.0).

use atecc_x509::{
    CompressedCertificate, PublicKey, TrustChain, TrustDevice, TrustLayout, TrustSigner, decompress,
};
use data_encoding::HEXUPPER_PERMISSIVE as HEX;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn bytes<const N: usize>(hex: &str) -> Result<[u8; N]> {
    let bytes = HEX.decode(hex.as_bytes())?;
    Ok(bytes.as_slice().try_into()?)
}

fn main() -> Result {
    let slot_11 = bytes(
        "000000002EBA1B2AD0B73E4E44725E0C09348D4092A08BD7A8B7619BFDC7A56EB2054BDC\
         00000000A338F00DC64DEC1D84B4B36EC62426BD4C9340244FA853E235D053C05DF67EF4",
    )?;
    let slot_12 = bytes(
        "ECC949988F619130B9277322958CFDA97D9B0A8CB8F37894BCC473E9D47A4087\
         2123D5A2566B89A159BC8A8DE52283CE16B5337B2A2599AFE4D75EFA073ED611963A9F2C0010A000",
    )?;
    let slot_10 = bytes(
        "E197AA26D2D0AC94AB4DECC230554F5611CD53AE24AD1AE2737EA2D69ECAA2AD\
         25D05C0E6EA51C603E5A5B84E04CAB5126C6BDB37C8906A159606C3482B024AFA5AC9C2C0030A000",
    )?;
    let public_key = PublicKey::from_bytes(bytes(
        "D330B8B2EDE4D502DF48B54A2F29CC79F901E594FD6BF92DEB6D187AC77F2DBB\
         B160279A4A20A7E6E3507F973AAD43919BEF2D1C99B29C153323DFCD99106769",
    )?);
    let chain = TrustChain::microchip()?;
    let signer_key = PublicKey::from_padded_slot(&slot_11)?;
    let signer = decompress(
        &CompressedCertificate::from_bytes(&slot_12)?,
        &TrustSigner {
            chain: chain.clone(),
            public_key: signer_key,
        },
    )?;
    let device = decompress(
        &CompressedCertificate::from_bytes(&slot_10)?,
        &TrustDevice {
            chain,
            layout: TrustLayout::Eui48(*b"E8EB1B202027"),
            device_sn: bytes("0123A23F29F9366A01")?,
            public_key,
            signer_key_id: signer_key.microchip_key_id(),
        },
    )?;
    device.verify(&signer_key)?;
    signer.verify(&TrustChain::microchip_root()?.public_key()?)?;
    print!("{}{}", device.to_pem(), signer.to_pem());
    Ok(())
}

#[test]
fn runs() {
    main().unwrap();
}

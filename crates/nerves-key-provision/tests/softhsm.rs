//! Keys in a token that is not ours: `SoftHSM2`, through its library.
//!
//! Its library is Debian's package `softhsm2`; where there is none, nothing is
//! tested and that is said. The library reads the name of its configuration
//! from the environment when it is loaded, so that this program starts itself
//! again with one.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use atecc_x509::PublicKey;
use nerves_key_provision::{Pkcs11Error, Pkcs11Signer, Pkcs11Token, Pkcs11Uri};

const LIBRARIES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];
const CONFIGURATION: &str = "SOFTHSM2_CONF";
/// The folder, for the program that is started again.
const FOLDER: &str = "NERVES_KEY_TEST_SOFTHSM";
const PIN: &str = "1234";

type Test = fn(&Token);

const TESTS: [(&str, Test); 8] = [
    (
        "a_token_is_found_by_what_it_says",
        a_token_is_found_by_what_it_says,
    ),
    ("a_key_signs", a_key_signs),
    ("a_label_or_an_id", a_label_or_an_id),
    ("keys_that_are_not_there", keys_that_are_not_there),
    ("a_key_of_another_curve", a_key_of_another_curve),
    ("a_library_that_is_none", a_library_that_is_none),
    ("one_after_the_other", one_after_the_other),
    ("a_wrong_pin_is_refused", a_wrong_pin_is_refused),
];

fn main() -> ExitCode {
    let Some(library) = LIBRARIES.iter().find(|path| Path::new(path).is_file()) else {
        println!("left out: there is no SoftHSM2 (Debian package softhsm2)");
        return ExitCode::SUCCESS;
    };
    let Some(folder) = std::env::var_os(FOLDER) else {
        return start_again();
    };
    let token = Token::make(Path::new(&folder), library);
    for (name, test) in TESTS {
        test(&token);
        println!("test {name} ... ok");
    }
    println!("\ntest result: ok. {} passed; 0 failed", TESTS.len());
    ExitCode::SUCCESS
}

fn start_again() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("nerves-key-softhsm-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("tokens")).unwrap();
    let configuration = folder.join("softhsm2.conf");
    let tokens = folder.join("tokens");
    std::fs::write(
        &configuration,
        format!("directories.tokendir = {}\n", tokens.display()),
    )
    .unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .env(FOLDER, &folder)
        .env(CONFIGURATION, &configuration)
        .status();
    std::fs::remove_dir_all(&folder).unwrap();
    if status.unwrap().success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A token "factory" with keys, beside one "other".
struct Token {
    library: PathBuf,
    serial: String,
    slot: u64,
}

/// P-256 keys of RFC 6979, appendix A.2.5, and one of another curve.
const KEY: &str = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
const POINT: &str = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
                     7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";

impl Token {
    fn make(folder: &Path, library: &str) -> Self {
        for (label, so_pin) in [("factory", "87654321"), ("other", "12345678")] {
            run(
                "softhsm2-util",
                &[
                    "--init-token",
                    "--free",
                    "--label",
                    label,
                    "--so-pin",
                    so_pin,
                    "--pin",
                    PIN,
                ],
            );
        }
        let listed = run("softhsm2-util", &["--show-slots"]);
        let (serial, slot) = described(&listed, "factory");
        let this = Self {
            library: library.into(),
            serial,
            slot,
        };
        let pem = |name: &str, scalar: &str, curve: &str| {
            // RFC 5915, as `openssl asn1parse -genconf` makes it.
            let conf = folder.join(format!("{name}.cnf"));
            let text = format!(
                "asn1 = SEQUENCE:k\n[k]\nversion = INTEGER:1\nkey = FORMAT:HEX,OCTETSTRING:{scalar}\n\
                 curve = EXPLICIT:0,OID:{curve}\n"
            );
            std::fs::write(&conf, text).unwrap();
            let [der, pem] = ["der", "pem"].map(|end| folder.join(format!("{name}.{end}")));
            let [conf, der, pem] =
                [&conf, &der, &pem].map(|path| path.to_str().unwrap().to_owned());
            run(
                "openssl",
                &["asn1parse", "-genconf", &conf, "-noout", "-out", &der],
            );
            run(
                "openssl",
                &["ec", "-inform", "DER", "-in", &der, "-out", &pem],
            );
            let pkcs8 = format!("{pem}.p8");
            run(
                "openssl",
                &["pkcs8", "-topk8", "-nocrypt", "-in", &pem, "-out", &pkcs8],
            );
            pkcs8
        };
        let import = |label: &str, id: &str, file: &str| {
            run(
                "softhsm2-util",
                &[
                    "--import", file, "--token", "factory", "--label", label, "--id", id, "--pin",
                    PIN,
                ],
            );
        };
        let first = pem("first", KEY, "prime256v1");
        let mut other = KEY.to_owned();
        other.replace_range(..2, "01");
        let second = pem("second", &other, "prime256v1");
        import("signer", "01", &first);
        import("second", "02", &second);
        import("twice", "03", &second);
        import("twice", "04", &second);
        import(
            "p384",
            "05",
            &pem("p384", &KEY.repeat(2)[..96], "secp384r1"),
        );
        this
    }

    fn uri(&self, attributes: &str) -> Pkcs11Uri {
        let library = self.library.display();
        let uri = format!("pkcs11:{attributes}?module-path={library}");
        uri.parse().unwrap()
    }

    fn open(&self, attributes: &str) -> Result<Pkcs11Token, Pkcs11Error> {
        Pkcs11Token::open(&self.uri(attributes))
    }

    fn signer(&self, attributes: &str) -> Result<Pkcs11Signer, Pkcs11Error> {
        self.open(attributes)?.signer(Some(PIN))
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Serial number and slot of a token, as `softhsm2-util --show-slots` has them.
fn described(listed: &str, label: &str) -> (String, u64) {
    let slots: Vec<&str> = listed.split("\nSlot ").collect();
    let slot = slots.iter().find(|slot| {
        let mut lines = slot.lines().map(str::trim);
        lines.any(|line| {
            line.strip_prefix("Label:")
                .is_some_and(|it| it.trim() == label)
        })
    });
    let slot = slot.unwrap();
    let serial = slot
        .lines()
        .find_map(|line| line.trim().strip_prefix("Serial number:"));
    let number = slot.lines().next().unwrap().trim().parse().unwrap();
    (serial.unwrap().trim().to_owned(), number)
}

fn public_key(hex: &str) -> PublicKey {
    let bytes = data_encoding::HEXUPPER.decode(hex.as_bytes()).unwrap();
    PublicKey::from_bytes(bytes.try_into().unwrap())
}

fn a_token_is_found_by_what_it_says(token: &Token) {
    let Token { serial, slot, .. } = token;
    for selector in [
        "token=factory".to_owned(),
        format!("serial={serial}"),
        format!("slot-id={slot}"),
        format!(
            "token=factory;manufacturer=SoftHSM%20project;model=SoftHSM%20v2;serial={serial};slot-id={slot}"
        ),
    ] {
        let open = token.open(&format!("{selector};object=signer")).unwrap();
        assert_eq!(open.label(), "factory", "{selector}");
        assert!(open.wants_pin());
    }
    for (selector, expected) in [
        ("token=nobody".to_owned(), 0),
        (format!("token=other;serial={serial}"), 0),
        (format!("token=other;slot-id={slot}"), 0),
        ("token=factory;manufacturer=Nobody".to_owned(), 0),
        ("token=factory;model=None".to_owned(), 0),
        ("token=factory;slot-id=4294967295".to_owned(), 0),
        ("model=SoftHSM%20v2".to_owned(), 2),
    ] {
        let error = token
            .open(&format!("{selector};object=signer"))
            .unwrap_err();
        let text = error.to_string();
        let mut error = error;
        if let Pkcs11Error::Lasting { last, .. } = error {
            error = *last;
        }
        let Pkcs11Error::Token { found, mut present } = error else {
            panic!("{selector}: {text}");
        };
        present.sort();
        assert_eq!(
            (found, &*present),
            (expected, &["factory".to_owned(), "other".into()][..])
        );
        let count = match expected {
            0 => "no token is the one asked for".to_owned(),
            found => format!("{found} tokens are the one asked for"),
        };
        assert!(text.contains(&count), "{text}");
        assert!(
            text.contains("\"factory\"") && text.contains("\"other\""),
            "{text}"
        );
    }
}

fn a_key_signs(token: &Token) {
    for uri in [
        "object=signer",
        "id=%01",
        "object=signer;id=%01;type=private",
    ] {
        let mut signer = token.signer(&format!("token=factory;{uri}")).unwrap();
        assert_eq!(signer.public_key(), Some(public_key(POINT)), "{uri}");
        // Of 1,100 signatures about two have a short R at first.
        for number in 0..1_100_u16 {
            let mut digest = [0x5A; 32];
            digest[..2].copy_from_slice(&number.to_be_bytes());
            let signature = signer.sign_digest(&digest).unwrap();
            public_key(POINT).verify(&digest, &signature).unwrap();
            assert!(signature.is_readable_by_reference());
            if uri != "object=signer" {
                break;
            }
        }
    }
}

/// The same key under two labels.
fn a_label_or_an_id(token: &Token) {
    let key = |uri| token.signer(uri).unwrap().public_key();
    let second = key("token=factory;object=second");
    assert!(second.is_some());
    assert_eq!(second, key("token=factory;id=%03"));
    assert_ne!(second, key("token=factory;object=signer"));
}

fn keys_that_are_not_there(token: &Token) {
    for (uri, expected, words) in [
        ("object=nobody", 0, "no private key is the one asked for"),
        ("object=signer;id=%02", 0, "no private key is"),
        ("object=twice", 2, "2 private keys are the one asked for"),
    ] {
        let error = token.signer(&format!("token=factory;{uri}")).unwrap_err();
        assert!(error.to_string().contains(words), "{uri}: {error}");
        assert!(error.to_string().contains("\"factory\""), "{error}");
        assert!(matches!(error, Pkcs11Error::Key { found, .. } if found == expected));
    }
}

fn a_key_of_another_curve(token: &Token) {
    let error = token.signer("token=factory;object=p384").unwrap_err();
    assert!(
        matches!(error, Pkcs11Error::NotP256(ref label) if label == "factory"),
        "{error}"
    );
}

fn a_library_that_is_none(_: &Token) {
    let uri: Pkcs11Uri = "pkcs11:object=k?module-path=/dev/null".parse().unwrap();
    let error = Pkcs11Token::open(&uri).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("PKCS#11 library /dev/null: "), "{text}");
    // What the loader says of an empty file; dlopen(3).
    assert!(text.contains("file too short"), "{text}");
}

/// The library is finalized with its session, and initialized anew.
fn one_after_the_other(token: &Token) {
    for _ in 0..3 {
        let mut signer = token.signer("token=factory;object=signer").unwrap();
        let digest = [7; 32];
        let signature = signer.sign_digest(&digest).unwrap();
        public_key(POINT).verify(&digest, &signature).unwrap();
    }
}

/// `SoftHSM2` counts no wrong PIN; each is refused, and the right one is taken.
fn a_wrong_pin_is_refused(token: &Token) {
    for pin in ["4321", "0", ""] {
        let error = token
            .open("token=factory;object=signer")
            .unwrap()
            .signer(Some(pin))
            .unwrap_err();
        let Pkcs11Error::WrongPin { token, last_try } = &error else {
            panic!("{pin:?}: {error}");
        };
        assert_eq!((token.as_str(), *last_try), ("factory", false));
        assert_eq!(error.to_string(), "token \"factory\": the PIN is wrong");
    }
    token.signer("token=factory;object=signer").unwrap();
}

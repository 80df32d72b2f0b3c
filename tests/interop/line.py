"""What `nerves-key line export` wrote, read by Python's csv and json, PyJWT and
cryptography: against the names that the services publish (line_fields.json) and
against what each chip says of itself.

    line.py FIELDS FOLDER

FOLDER has what line.sh wrote. Prints a line for each form; ends with 1 at what
is not so.
"""

import base64
import csv
import hashlib
import json
import pathlib
import re
import sys

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

fields = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(sys.argv[2])
# As the chips themselves say it: serial by `info`, certificate by `cert export`.
chips = {}
for path in sorted(folder.glob("chip*.json")):
    info = json.loads(path.read_text())
    chips[info["manufacturer_serial"]] = {
        "chip": info["serial_number"],
        "pem": path.with_suffix(".pem").read_text(),
    }
assert len(chips) == 11, len(chips)


def check(holds, what):
    if not holds:
        raise SystemExit(f"line.py: {what}")


def table(name):
    with open(folder / name, newline="", encoding="utf-8") as file:
        return list(csv.reader(file, strict=True))


def certificate(text):
    return x509.load_pem_x509_certificate(text.encode())


def same_certificate(one, other, what):
    der = serialization.Encoding.DER
    one, other = certificate(one), certificate(other)
    check(one.public_bytes(der) == other.public_bytes(der), f"{what}: another certificate")


# csv: PEM of several lines in a quoted field.
header, *rows = table("csv")
check(len(rows) == len(chips), f"csv: {len(rows)} rows")
for row in rows:
    unit = dict(zip(header, row, strict=True))
    chip = chips[unit["serial"]]
    check(unit["chip"] == chip["chip"], f"csv: {unit}")
    same_certificate(unit["certificate"], chip["pem"], f"csv: {unit['serial']}")
print(f"ok: csv, {len(rows)} rows by Python's csv")

form = fields["nerves-hub"]
header, *rows = table("nerves-hub")
check(header == form["columns"], f"nerves-hub: {header}")
check(sorted(row[0] for row in rows) == sorted(chips), "nerves-hub: other identifiers")
check(all(len(row) == len(header) for row in rows), "nerves-hub: a row of other length")
print(f"ok: nerves-hub, {len(rows)} rows of {header}")

form = fields["aws"]
things = [json.loads(line) for line in (folder / "aws").read_text().splitlines()]
check(len(things) == len(chips), f"aws: {len(things)} lines")
for thing in things:
    check(sorted(thing) == form["members"], f"aws: {sorted(thing)}")
    check(re.fullmatch(form["name"], thing["ThingName"]), f"aws: {thing['ThingName']}")
    same_certificate(thing["CertificatePem"], chips[thing["ThingName"]]["pem"], "aws")
print(f"ok: aws, {len(things)} things of {form['members']}")

form = fields["azure"]
calls = [json.loads(line) for line in (folder / "azure").read_text().splitlines()]
enrolled = []
for call in calls:
    check(sorted(call) == form["call"] and call["mode"] in form["modes"], f"azure: {call}")
    check(len(call["enrollments"]) <= form["most"], "azure: too many in a call")
    for enrolment in call["enrollments"]:
        unknown = set(enrolment) - set(form["members"])
        check(not unknown, f"azure: {unknown}")
        value = enrolment
        for name in form["certificate"]:
            value = value[name]
        id = enrolment["registrationId"]
        check(re.fullmatch(form["name"], id), f"azure: {id}")
        same_certificate(value, chips[id]["pem"], f"azure: {id}")
        # Of X.509, the registration id is the subject's common name.
        subject = certificate(value).subject
        names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        check([name.value for name in names] == [id], f"azure: {id} is not {subject}")
        enrolled.append(id)
check(sorted(enrolled) == sorted(chips), "azure: other ids")
print(f"ok: azure, {len(enrolled)} enrolments in {len(calls)} calls")

# manifest, in the steps that its document has for verifying one.
form = fields["manifest"]
signing = certificate((folder / "manifest.cert").read_text())
skid = signing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
der = signing.public_bytes(serialization.Encoding.DER)
issuer = certificate((folder / "factory.cert").read_text())


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


entries = json.loads((folder / "manifest").read_text())
check(len(entries) == len(chips), f"manifest: {len(entries)} entries")
by_chip = {chip["chip"].lower(): chip for chip in chips.values()}
ledger = json.loads((folder / "status.json").read_text())["heads"]
for entry in entries:
    check(sorted(entry) == form["entry"], f"manifest: {sorted(entry)}")
    token = ".".join([entry["protected"], entry["payload"], entry["signature"]])
    protected = jwt.get_unverified_header(token)
    check(protected["kid"] == unpadded(skid), "manifest: kid")
    check(protected["x5t#S256"] == unpadded(hashlib.sha256(der).digest()), "manifest: x5t#S256")
    check(protected["ledger"] == ledger, "manifest: the ends of the chains")
    payload = json.loads(jwt.PyJWS().decode(token, signing.public_key(), algorithms=["ES256"]))
    check(list(payload) and sorted(payload) == sorted(form["payload"]), f"manifest: {list(payload)}")
    check(payload["version"] == 3, "manifest: version")
    for entity in ("manufacturer", "provisioner", "distributor"):
        check(sorted(payload[entity]) == form["entity"], f"manifest: {payload[entity]}")
    check(re.fullmatch(form["timestamp"], payload["provisioningTimestamp"]), "manifest: timestamp")
    check(re.fullmatch(form["unique_id"], payload["uniqueId"]), "manifest: uniqueId")
    check(entry["header"] == {"uniqueId": payload["uniqueId"]}, "manifest: two unique ids")
    [key] = payload["publicKeySet"]["keys"]
    check(sorted(key) == sorted(form["key"]), f"manifest: {sorted(key)}")
    device, signer = [x509.load_der_x509_certificate(base64.b64decode(x)) for x in key["x5c"]]
    check(signer == issuer, "manifest: x5c[1]")
    device.verify_directly_issued_by(signer)
    device_pem = device.public_bytes(serialization.Encoding.PEM).decode()
    same_certificate(device_pem, by_chip[payload["uniqueId"]]["pem"], "manifest: x5c[0]")
    jwk = jwt.PyJWK({name: key[name] for name in ("kty", "crv", "x", "y")}, "ES256")
    check(jwk.key.public_numbers() == device.public_key().public_numbers(), "manifest: x, y")
    # NervesHub decodes the payload by the standard alphabet.
    padded = entry["payload"] + "=" * (-len(entry["payload"]) % 4)
    check(json.loads(base64.b64decode(padded, validate=True)) == payload, "manifest: alphabet")
    for part in ("payload", "protected"):
        forged = dict(entry)
        forged[part] = entry[part][:-4] + ("AAAA" if entry[part][-4:] != "AAAA" else "BBBB")
        try:
            token = ".".join([forged["protected"], forged["payload"], forged["signature"]])
            jwt.PyJWS().decode(token, signing.public_key(), algorithms=["ES256"])
        except (jwt.InvalidSignatureError, jwt.DecodeError):
            continue
        raise SystemExit(f"line.py: manifest: a forged {part} was taken")
assert isinstance(signing.public_key(), ec.EllipticCurvePublicKey)
print(f"ok: manifest, {len(entries)} entries verified by PyJWT, forged ones refused")

"""Certificates of a test's own making.

As a script: `{"name": HOST}` on standard input gives `{"key", "certificate"}`, self-signed; `{"names": [HOST, ...]}` gives
the same for all of them, signed by an authority made for the occasion, and that authority's certificate as `authority`.
"""

import datetime
import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def builder(name, issuer, key):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def for_hosts(hosts):
    return x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def private_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def self_signed(host):
    """The private key and the certificate for a host, both in PEM form."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = common_name(host)
    certificate = builder(name, name, key).add_extension(for_hosts([host]), critical=False).sign(key, hashes.SHA256())
    return private_pem(key), pem(certificate)


def by_an_authority(hosts):
    """The private key and the certificate for these hosts, and the certificate of the authority that signed it, in PEM form."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = common_name("An authority of the tests")
    root = (
        builder(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    certificate = builder(common_name(hosts[0]), root_name, key).add_extension(for_hosts(hosts), critical=False)
    return private_pem(key), pem(certificate.sign(root_key, hashes.SHA256())), pem(root)


if __name__ == "__main__":
    wanted = json.load(sys.stdin)
    made = by_an_authority(wanted["names"]) if "names" in wanted else self_signed(wanted["name"])
    json.dump(dict(zip(("key", "certificate", "authority"), made)), sys.stdout)

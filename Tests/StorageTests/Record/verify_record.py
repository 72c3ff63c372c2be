"""Checks what a hub serves of its record with software that knows nothing of the hub.

sigstore reads the checkpoint, verifies its signature and checks inclusion; pymerkle builds the tree of the
entries and makes proofs of inclusion to compare with; tamperlog checks consistency.

Usage: verify_record.py FOLDER, which has: key, checkpoint, entries (one in each line), and the
proofs inclusion-INDEX and consistency-OLD (one hash in each line, in Base64).
"""

import base64
import sys
from pathlib import Path
from types import SimpleNamespace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree, verify_inclusion
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.trust import Keyring
from sigstore_models.common import v1 as common_v1
from tamperlog.merkle import verify_consistency

folder = Path(sys.argv[1])


def expect(found, right, what):
    if found != right:
        sys.exit(f"{what}: {found!r} is not {right!r}")


def hashes(path):
    return [base64.b64decode(line, validate=True) for line in path.read_text().split()]


# The key in the form that notes have, as the form that certificates have.
name, number, key = (folder / "key").read_text().strip().split("+", 2)
key = base64.b64decode(key, validate=True)
expect(key[0], 1, "the type of the key")
public = Ed25519PublicKey.from_public_bytes(key[1:]).public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)
keyring = Keyring(
    [
        common_v1.PublicKey(
            raw_bytes=base64.b64encode(public),
            key_details=common_v1.PublicKeyDetails.PKIX_ED25519,
        )
    ]
)

signed = SignedCheckpoint.from_text((folder / "checkpoint").read_text())
signed.signed_note.verify(keyring, bytes.fromhex(number))
checkpoint = signed.checkpoint
expect(checkpoint.origin, name, "the origin")
root = bytes.fromhex(checkpoint.log_hash)

entries = (folder / "entries").read_bytes().splitlines()
tree = InmemoryTree(algorithm="sha256")
for entry in entries:
    tree.append_entry(entry)
expect(tree.get_size(), checkpoint.log_size, "the size")
expect(tree.get_root(), root, "the root")

checked = 0
for path in folder.glob("inclusion-*"):
    index = int(path.name.split("-")[1])
    proof = hashes(path)
    own = tree.prove_inclusion(index + 1)
    verify_inclusion(tree.get_leaf(index + 1), root, own)
    expect(proof, own.path[1:], f"the inclusion of {index}")
    inclusion = SimpleNamespace(
        log_index=index, tree_size=checkpoint.log_size, root_hash=root, hashes=proof
    )
    inner = SimpleNamespace(inclusion_proof=inclusion, canonicalized_body=entries[index])
    verify_merkle_inclusion(SimpleNamespace(_inner=inner))
    checked += 1

for path in folder.glob("consistency-*"):
    size = int(path.name.split("-")[1])
    verify_consistency(size, tree.get_root(size), checkpoint.log_size, root, hashes(path))
    checked += 1

print(f"agreed on {checkpoint.log_size} entries and {checked} proofs")

"""Who signs: a key file, a token behind PKCS#11, or a command; behind one interface, chosen by one value.

signer = open_signer("pkcs11:token=gate;object=signer?module-path=/usr/lib/vendor/pkcs11.so&pin-source=file:/run/pin")
envelope = sign(statement, signer)

Whatever signs, the signature is Ed25519, so that every verifier reads every report.
"""

package com.example.reporter;

import java.security.GeneralSecurityException;
import java.security.interfaces.ECPublicKey;

/** A key on P-256 whose private half stays where it is. */
interface SigningKey {
    ECPublicKey publicKey();

    /** The ECDSA signature of these bytes with SHA-256, in DER. */
    byte[] sign(byte[] data) throws GeneralSecurityException;
}

package com.example.reporter;

import android.security.keystore.KeyGenParameterSpec;
import android.security.keystore.KeyProperties;
import android.security.keystore.StrongBoxUnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;

/** The key of this copy of the app, in the phone's hardware, which attests which app it belongs to. */
final class HardwareKey implements SigningKey {
    private static final String STORE = "AndroidKeyStore";
    private static final String ALIAS = "mailgate";

    private final KeyStore store;

    private HardwareKey(KeyStore store) {
        this.store = store;
    }

    /** The key that was made before; null if there is none. */
    static HardwareKey existing() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance(STORE);
        store.load(null);
        return store.containsAlias(ALIAS) ? new HardwareKey(store) : null;
    }

    /** A new key that is attested for this challenge. */
    static HardwareKey make(String challenge) throws GeneralSecurityException, IOException {
        try {
            generate(challenge, true);
        } catch (StrongBoxUnavailableException error) {
            generate(challenge, false);
        }
        return existing();
    }

    private static void generate(String challenge, boolean strongBox) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(KeyProperties.KEY_ALGORITHM_EC, STORE);
        generator.initialize(
                new KeyGenParameterSpec.Builder(ALIAS, KeyProperties.PURPOSE_SIGN)
                        .setAlgorithmParameterSpec(new ECGenParameterSpec("secp256r1"))
                        .setDigests(KeyProperties.DIGEST_SHA256)
                        .setAttestationChallenge(challenge.getBytes(StandardCharsets.US_ASCII))
                        .setIsStrongBoxBacked(strongBox)
                        .build());
        generator.generateKeyPair();
    }

    /** Forget the key: the gate no longer takes it. */
    void forget() throws GeneralSecurityException {
        store.deleteEntry(ALIAS);
    }

    /** The certificates with its attestation, its own first. */
    Certificate[] chain() throws GeneralSecurityException {
        return store.getCertificateChain(ALIAS);
    }

    @Override
    public ECPublicKey publicKey() {
        try {
            return (ECPublicKey) store.getCertificate(ALIAS).getPublicKey();
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    @Override
    public byte[] sign(byte[] data) throws GeneralSecurityException {
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign((PrivateKey) store.getKey(ALIAS, null));
        signature.update(data);
        return signature.sign();
    }
}

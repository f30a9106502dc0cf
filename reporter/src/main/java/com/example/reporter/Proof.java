package com.example.reporter;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** The proof that a key has made a request (RFC 9449), and its body: docs/reporter.md of Mailgate. */
final class Proof {
    private Proof() {}

    /** The DPoP header of a POST to this address. */
    static String of(SigningKey key, String url, String nonce, byte[] body) throws GeneralSecurityException {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("typ", "dpop+jwt");
        header.put("alg", "ES256");
        header.put("jwk", jwk(key));
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("jti", UUID.randomUUID().toString());
        claims.put("htm", "POST");
        claims.put("htu", url);
        claims.put("iat", System.currentTimeMillis() / 1000);
        claims.put("nonce", nonce);
        claims.put("bh", base64(sha256(body)));
        String signed = base64(utf8(Json.write(header))) + "." + base64(utf8(Json.write(claims)));
        return signed + "." + base64(raw(key.sign(utf8(signed))));
    }

    /** The name of the key (RFC 7638). */
    static String thumbprint(SigningKey key) throws GeneralSecurityException {
        return base64(sha256(utf8(Json.write(jwk(key)))));
    }

    /** The members in the order in which their thumbprint needs them. */
    private static Map<String, Object> jwk(SigningKey key) {
        Map<String, Object> jwk = new LinkedHashMap<>();
        jwk.put("crv", "P-256");
        jwk.put("kty", "EC");
        jwk.put("x", base64(of32(key.publicKey().getW().getAffineX())));
        jwk.put("y", base64(of32(key.publicKey().getW().getAffineY())));
        return jwk;
    }

    /** The two numbers of a signature in DER, with 32 bytes each, as a JWS has them (RFC 7518, section 3.4). */
    private static byte[] raw(byte[] der) {
        int sizeOfFirst = der[3];
        byte[] first = Arrays.copyOfRange(der, 4, 4 + sizeOfFirst);
        byte[] second = Arrays.copyOfRange(der, 6 + sizeOfFirst, der.length);
        byte[] both = Arrays.copyOf(of32(new BigInteger(1, first)), 64);
        System.arraycopy(of32(new BigInteger(1, second)), 0, both, 32, 32);
        return both;
    }

    private static byte[] of32(BigInteger number) {
        byte[] bytes = number.toByteArray();
        byte[] out = new byte[32];
        int size = Math.min(bytes.length, 32);
        System.arraycopy(bytes, bytes.length - size, out, 32 - size, size);
        return out;
    }

    private static byte[] sha256(byte[] data) throws GeneralSecurityException {
        return MessageDigest.getInstance("SHA-256").digest(data);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String base64(byte[] data) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
    }
}

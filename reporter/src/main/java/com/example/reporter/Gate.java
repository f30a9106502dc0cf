package com.example.reporter;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What this app says to the gate, and what the gate answers: docs/reporter.md of Mailgate. */
final class Gate {
    private static final String ENROLL = "/.mailgate/enroll";
    private static final String ATTEST = "/.mailgate/attest";
    private static final int TIMEOUT_MILLIS = 20_000;

    /** The status of an answer, and its JSON. */
    static final class Answer {
        final int status;
        final Map<String, Object> told;

        Answer(int status, Map<String, Object> told) {
            this.status = status;
            this.told = told;
        }

        String reason() {
            return String.valueOf(told.get("reason"));
        }

        /** What is asked from now on; null if nothing is. */
        @SuppressWarnings("unchecked")
        Map<String, Object> question() {
            return (Map<String, Object>) told.get("reporter");
        }
    }

    private final String address;
    private final String publicUrl;
    private String nonce = "";

    /** publicUrl: what people type, which proofs name; address: where it is reached, usually the same. */
    Gate(String address, String publicUrl) {
        this.address = address;
        this.publicUrl = publicUrl;
    }

    /** The challenge for a new key: the gate gives it to whoever comes without a proof. */
    String challenge(String token) throws IOException, GeneralSecurityException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("token", token);
        once(ENROLL, body, null);
        if (nonce.isEmpty()) {
            throw new IOException("the gate gave no challenge");
        }
        return nonce;
    }

    /** Enrol a key that was made for this challenge. */
    Answer enrol(String token, SigningKey key, Certificate[] chain, String challenge, IntegrityToken integrity)
            throws IOException, GeneralSecurityException {
        List<Object> certificates = new ArrayList<>();
        for (Certificate each : chain) {
            certificates.add(Base64.getEncoder().encodeToString(each.getEncoded()));
        }
        Map<String, Object> evidence = new LinkedHashMap<>();
        evidence.put("format", "android-key");
        evidence.put("chain", certificates);
        evidence.put("nonce", challenge);
        String word = integrity.of(Proof.base64((challenge + "." + Proof.thumbprint(key)).getBytes(StandardCharsets.UTF_8)));
        if (word != null) {
            evidence.put("play_integrity", word);
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("token", token);
        body.put("reporter", true);
        body.put("evidence", evidence);
        return post(ENROLL, body, key);
    }

    /** Report: the answers of Answers.java. */
    Answer report(SigningKey key, String osVersion, Map<String, Object> answers)
            throws IOException, GeneralSecurityException {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("os", "android");
        body.put("os_version", osVersion);
        body.put("apps", answers);
        return post(ATTEST, body, key);
    }

    /** A request with a proof, and once more if only its nonce was old. */
    private Answer post(String path, Map<String, Object> body, SigningKey key)
            throws IOException, GeneralSecurityException {
        Answer answer = once(path, body, key);
        boolean again = answer.status == 401 && answer.reason().startsWith("proof-nonce-");
        return again ? once(path, body, key) : answer;
    }

    private Answer once(String path, Map<String, Object> body, SigningKey key)
            throws IOException, GeneralSecurityException {
        byte[] sent = Json.write(body).getBytes(StandardCharsets.UTF_8);
        HttpURLConnection connection = (HttpURLConnection) new URL(address + path).openConnection();
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        connection.setInstanceFollowRedirects(false);
        connection.setRequestMethod("POST");
        connection.setRequestProperty("Content-Type", "application/json");
        if (key != null) {
            connection.setRequestProperty("DPoP", Proof.of(key, publicUrl + path, nonce, sent));
        }
        connection.setDoOutput(true);
        try (OutputStream out = connection.getOutputStream()) {
            out.write(sent);
        }
        int status = connection.getResponseCode();
        String given = connection.getHeaderField("DPoP-Nonce");
        nonce = given != null ? given : nonce;
        InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        try {
            return new Answer(status, Json.object(read(in)));
        } catch (RuntimeException error) {
            throw new IOException("the answer is not the gate's", error);
        } finally {
            connection.disconnect();
        }
    }

    private static String read(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] part = new byte[4096];
        for (int size = in.read(part); size >= 0; size = in.read(part)) {
            out.write(part, 0, size);
        }
        return new String(out.toByteArray(), StandardCharsets.UTF_8);
    }
}

package com.example.reporter;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The reporter without a phone: a key in memory, whose attestation a test makes, and the packages that a test says are installed. */
public final class Speak {
    private static final BufferedReader IN = new BufferedReader(new InputStreamReader(System.in));

    public static void main(String[] arguments) throws Exception {
        String address = arguments[0];
        String publicUrl = arguments[1];
        String token = arguments[2];
        Set<String> askable = new HashSet<>(Arrays.asList(arguments[3].split(",")));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        SigningKey key = new InMemory(pair);
        Gate gate = new Gate(address, publicUrl);
        String challenge = gate.challenge(token);
        say(challenge + " " + Base64.getEncoder().encodeToString(pair.getPublic().getEncoded()));
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        String[] chain = IN.readLine().split(" ");
        Certificate[] certificates = new Certificate[chain.length];
        for (int number = 0; number < chain.length; number++) {
            byte[] der = Base64.getDecoder().decode(chain[number]);
            certificates[number] = factory.generateCertificate(new ByteArrayInputStream(der));
        }
        Gate.Answer answer = gate.enrol(token, key, certificates, challenge, nonce -> {
            say(nonce);
            String word = IN.readLine();
            return word.isEmpty() ? null : word;
        });
        say(answer.status + " " + Json.write(answer.told));
        Map<String, Object> question = answer.question();
        for (String line = IN.readLine(); line != null; line = IN.readLine()) {
            List<String> installed = Arrays.asList(line.split(","));
            Map<String, Object> answers =
                    Answers.to(question, askable, installed::contains, "personal", Collections.emptyList());
            answer = gate.report(key, "16 \u00e9\"", answers);
            question = answer.question() != null ? answer.question() : question;
            say(answer.status + " " + Json.write(answer.told));
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static final class InMemory implements SigningKey {
        private final KeyPair pair;

        InMemory(KeyPair pair) {
            this.pair = pair;
        }

        @Override
        public ECPublicKey publicKey() {
            return (ECPublicKey) pair.getPublic();
        }

        @Override
        public byte[] sign(byte[] data) throws GeneralSecurityException {
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(pair.getPrivate());
            signature.update(data);
            return signature.sign();
        }
    }
}

package com.example.reporter;

import android.content.Context;
import android.content.RestrictionsManager;
import android.content.SharedPreferences;
import android.content.pm.PackageManager;
import android.os.Build;
import android.os.Bundle;
import android.os.UserManager;
import androidx.enterprise.feedback.KeyedAppState;
import androidx.enterprise.feedback.KeyedAppStatesReporter;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One report: enrol if there is no key yet, look, answer. It blocks, so it does not run on the main thread. */
final class Reporter {
    private static final String GATE = "gate";
    private static final String TOKEN = "token";
    private static final String QUESTION = "question";

    private final Context context;
    private final SharedPreferences kept;

    Reporter(Context context) {
        this.context = context;
        this.kept = context.getSharedPreferences("reporter", Context.MODE_PRIVATE);
    }

    /** Take the gate and the token that the management gave to the copy in the work profile. */
    void configure(String gate, String token) {
        kept.edit().putString(GATE, gate).putString(TOKEN, token).apply();
    }

    /** The gate and the token of the managed configuration, or of the managed copy; null without them. */
    String[] configuration() {
        Bundle managed =
                context.getSystemService(RestrictionsManager.class).getApplicationRestrictions();
        String gate = managed.getString(GATE, kept.getString(GATE, null));
        String token = managed.getString(TOKEN, kept.getString(TOKEN, null));
        return gate == null || token == null ? null : new String[] {gate, token};
    }

    /** Report, with the word of this copy for others of this phone. Returns what to tell the person. */
    String report(List<String> vouchesFor) throws IOException, GeneralSecurityException {
        String[] configuration = configuration();
        if (configuration == null) {
            return "not set up";
        }
        Gate gate = new Gate(configuration[0], configuration[0]);
        HardwareKey key = HardwareKey.existing();
        if (key == null) {
            String challenge = gate.challenge(configuration[1]);
            key = HardwareKey.make(challenge);
            Gate.Answer enrolled = gate.enrol(configuration[1], key, key.chain(), challenge, IntegrityToken.NONE);
            if (enrolled.status >= 300) {
                key.forget();
                return enrolled.reason();
            }
            keep(enrolled.question());
        }
        tellManagement(Proof.thumbprint(key));
        Gate.Answer answer = answer(gate, key, vouchesFor);
        if (answer.status == 409) {
            keep(answer.question());
            answer = answer(gate, key, vouchesFor);
        }
        if (answer.status == 403 && isOver(answer.reason())) {
            key.forget(); // the next report enrols again
        }
        if (answer.question() != null) {
            keep(answer.question());
        }
        return answer.status == 200 ? "ok" : answer.reason();
    }

    private static boolean isOver(String reason) {
        return reason.startsWith("evidence-") || reason.equals("key-not-enrolled") || reason.equals("key-revoked");
    }

    private Gate.Answer answer(Gate gate, HardwareKey key, List<String> vouchesFor)
            throws IOException, GeneralSecurityException {
        Map<String, Object> question = Json.object(kept.getString(QUESTION, "{\"question\":\"0000000000000000\",\"apps\":{}}"));
        Set<String> askable = new HashSet<>(Arrays.asList(context.getResources().getStringArray(R.array.askable)));
        return gate.report(
                key,
                Build.VERSION.RELEASE,
                Answers.to(question, askable, this::isInstalled, profile(), vouchesFor));
    }

    private void keep(Map<String, Object> question) {
        kept.edit().putString(QUESTION, Json.write(question)).apply();
    }

    /** Also for an app that is disabled or hidden: it can come back at any moment. */
    private boolean isInstalled(String name) {
        try {
            context.getPackageManager().getPackageInfo(name, PackageManager.MATCH_DISABLED_COMPONENTS);
            return true;
        } catch (PackageManager.NameNotFoundException error) {
            return false;
        }
    }

    /** Where this copy looks. Only the first user of a phone is the person's own; a second user or a private space is not. */
    String profile() {
        UserManager users = context.getSystemService(UserManager.class);
        if (users.isManagedProfile()) {
            return "work";
        }
        if (!users.isSystemUser()) {
            return "other";
        }
        Bundle managed =
                context.getSystemService(RestrictionsManager.class).getApplicationRestrictions();
        return managed.getBoolean("fully_managed", false) ? "device" : "personal";
    }

    /** Let the management know this copy's key, so that its answers become those of the phone that the management knows. */
    private void tellManagement(String thumbprint) {
        KeyedAppState state =
                KeyedAppState.builder()
                        .setKey("mailgate-key")
                        .setSeverity(KeyedAppState.SEVERITY_INFO)
                        .setData(thumbprint)
                        .build();
        KeyedAppStatesReporter.create(context).setStates(Collections.singleton(state), null);
    }
}
